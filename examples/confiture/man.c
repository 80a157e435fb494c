/* man.c: the manual page confiture(1) in mdoc(7). It is made of the texts of --help. */
#include "command.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_COLUMNS = 78 }; /* of a line of mdoc */

/* The day of the release that the page belongs to. */
static const char page_date[] = "November 29, 2026";

static const struct {
    const char *name, *meaning;
} variables[] = {
    {"SOURCE_DATE_EPOCH",
     "The time in the header of build --header, in seconds since 1970; it is shown as UTC. Without "
     "it and without --timestamp, the header has the local time."},
    {"NO_COLOR", "If it is set and not empty, diff prints no colours, except with --color always."},
    {"TERM", "If it is dumb, diff prints no colours, except with --color always."},
};

static struct text page;
static size_t line_start; /* of the last line of the page */

/* ---- mdoc ---- */

/* Adds a text in which no character has a meaning in roff, and each can be copied into a shell. */
static void add_roff(const char *text, size_t size) {
    static const char special[] = "\\-'`^~";
    static const char *const escapes[] = {"\\e", "\\-", "\\(aq", "\\(ga", "\\(ha", "\\(ti"};
    size_t i;
    if (size > 0 && text[0] == '.') text_add_string(&page, "\\&");
    for (i = 0; i < size; i++) {
        const char *found = strchr(special, text[i]);
        if (found) text_add_string(&page, escapes[found - special]);
        else text_add(&page, text + i, 1);
    }
}

static void end_line(void) {
    if (page.size > line_start) text_add(&page, "\n", 1);
    line_start = page.size;
}

/* Adds a line: a macro, and what it is about. */
static void add_macro(const char *macro, const char *text, size_t size) {
    end_line();
    text_add_string(&page, macro);
    add_roff(text, size);
    end_line();
}

static void add_macro_line(const char *line) { add_macro(line, "", 0); }

static bool ends_sentence(const char *word, size_t size) {
    while (size > 0 && (word[size - 1] == ')' || word[size - 1] == '\'')) size--;
    return size > 1 && word[size - 1] == '.' && word[size - 2] != '.';
}

/* Adds words to a paragraph. mdoc wants each sentence to begin a line. */
static void add_words(const char *text, size_t size) {
    const char *end = text + size;
    for (; text < end; text++) {
        const char *word = text;
        size_t before = page.size;
        while (text < end && *text != ' ' && *text != '\n') text++;
        if (text == word) continue;
        if (before > line_start) text_add(&page, " ", 1);
        add_roff(word, (size_t)(text - word));
        if (before > line_start && page.size - line_start > INPUT_COLUMNS) {
            page.data[before] = '\n';
            line_start = before + 1;
        }
        if (ends_sentence(word, (size_t)(text - word))) end_line();
    }
}

/* Adds lines that stay as they are. */
static void add_literal(const char *lines) {
    add_macro_line(".Bd -literal");
    while (*lines) {
        size_t length = strcspn(lines, "\n");
        add_roff(lines, length);
        text_add(&page, "\n", 1);
        lines += length + 1;
    }
    line_start = page.size;
    add_macro_line(".Ed");
}

/* ---- usage ---- */

/* Adds one word of a usage line as a call of a macro: an option, a literal or a value. */
static void add_usage_word(const char *word, size_t size) {
    bool option = word[0] == '-' && size > 1;
    bool literal = islower((unsigned char)word[0]) != 0;
    bool mark = size == 1 && ispunct((unsigned char)word[0]);
    if (!mark) text_add_string(&page, option ? "Fl " : literal ? "Cm " : "Ar ");
    add_roff(word + option, size - option);
}

/* Adds a usage line. The name of the command is a macro, and what pipes into it stays as it is. What
 * is in brackets may have spaces. */
static void add_usage_line(const char *text, const char *end) {
    const char *name = strstr(text, "confiture ");
    if (name > text) add_macro(".Ic ", text, (size_t)(name - text) - 1);
    add_macro_line(".Nm");
    for (text = name + strcspn(name, " "); text < end; text++) {
        bool optional = *text == '[';
        const char *stop = text;
        if (*text == ' ') continue;
        while (stop < end && *stop != (optional ? ']' : ' ')) stop++;
        text_add_string(&page, optional ? ".Op" : ".");
        text += optional;
        while (text < stop) {
            size_t length = strcspn(text, " ]\n");
            if (optional) text_add(&page, " ", 1);
            add_usage_word(text, length);
            text += length + (text[length] == ' ');
        }
        text = stop;
        end_line();
    }
}

/* Adds the usage lines of a text, each after a macro. Returns what follows them. */
static const char *add_usage(const char *text, const char *macro) {
    static const char first[] = "Usage: ";
    enum { INDENT = sizeof first - 1 };
    while (strncmp(text, first, INDENT) == 0 || strncmp(text, "       ", INDENT) == 0) {
        const char *end = text + strcspn(text, "\n");
        add_macro_line(macro);
        add_usage_line(text + INDENT, end);
        text = end + (*end == '\n');
    }
    return text;
}

/* ---- commands and options ---- */

static void add_summaries(void) {
    size_t i;
    add_macro_line(".Bl -tag -width version");
    for (i = 0; i < command_count; i++) {
        const struct command_text *text = &command_table[i];
        add_macro(".It Cm ", text->name, strlen(text->name));
        add_words(text->summary, strlen(text->summary));
    }
    add_macro_line(".El");
}

static void add_option(const struct option *option) {
    const char *value = help_value(option);
    end_line();
    text_add_string(&page, ".It ");
    if (option->letter) {
        text_add_string(&page, "Fl ");
        text_add(&page, &option->letter, 1);
        text_add_string(&page, " , ");
    }
    text_add_string(&page, "Fl ");
    add_roff("-", 1);
    add_roff(option->name, strlen(option->name));
    if (value) {
        text_add_string(&page, " Ar ");
        add_roff(value, strlen(value));
    }
    end_line();
    add_words(option->meaning, strlen(option->meaning));
}

/* Adds the options of a group that some of these commands have. */
static void add_options(const struct group_text *group, unsigned commands) {
    bool begun = false;
    size_t i;
    for (i = 0; i < option_count; i++) {
        unsigned flags = option_table[i].flags;
        if ((flags & OPTION_GROUP) != group->group || !(flags & commands)) continue;
        if (!begun) add_macro_line(".Bl -tag -width Ds");
        begun = true;
        add_option(&option_table[i]);
        if (group->shared && (flags & commands) != commands) {
            const char *names = options_commands(flags);
            add_words("(only:", 6);
            add_words(names, strlen(names));
            text_add_string(&page, ")");
        }
    }
    if (begun) add_macro_line(".El");
}

/* Adds the paragraph of a command. Lines in it that are indented stay as they are. */
static void add_description(const char *text) {
    while (*text) {
        bool indented = strncmp(text, "  ", 2) == 0;
        const char *end = text;
        struct text lines = {NULL, 0, 0};
        while (*end && (strncmp(end, "  ", 2) == 0) == indented)
            end += strcspn(end, "\n") + 1; /* each line has an end */
        text_add(&lines, text, (size_t)(end - text));
        if (indented) add_literal(lines.data);
        else add_words(lines.data, lines.size);
        free(lines.data);
        text = end;
    }
}

static void add_command(const struct command_text *text) {
    const char *rest;
    size_t i;
    add_macro(".Ss ", text->name, strlen(text->name));
    add_macro_line(".Bl -item -compact");
    rest = add_usage(text->usage, ".It");
    add_macro_line(".El\n.Pp");
    add_description(rest);
    for (i = 0; i < group_count; i++) {
        if (!group_table[i].shared) add_options(&group_table[i], text->command);
    }
    add_macro_line(".Pp");
    add_words("Examples:", 9);
    add_literal(text->examples);
}

/* Adds the options that commands share. The heading is "\nTitle:\n" or "\nTitle; remark:\n". */
static void add_shared(const struct group_text *group, unsigned commands) {
    const char *title = group->heading + strspn(group->heading, "\n");
    size_t length = strcspn(title, ";:");
    const char *remark = title[length] == ';' ? title + length + 2 : "";
    size_t remark_length = strcspn(remark, ":");
    add_macro(".Ss ", title, length);
    if (remark_length > 0) {
        struct text sentence = {NULL, 0, 0};
        text_add(&sentence, remark, remark_length);
        text_add_string(&sentence, ".");
        sentence.data[0] = (char)toupper((unsigned char)sentence.data[0]);
        add_words(sentence.data, sentence.size);
        free(sentence.data);
    }
    add_options(group, commands);
}

static void add_commands(void) {
    unsigned all = 0;
    size_t i;
    add_macro_line(".Sh COMMANDS");
    for (i = 0; i < command_count; i++) {
        all |= command_table[i].command;
        if (command_table[i].command) add_command(&command_table[i]);
    }
    add_macro_line(".Sh OPTIONS OF SEVERAL COMMANDS");
    for (i = 0; i < group_count; i++) {
        if (group_table[i].shared) add_shared(&group_table[i], all);
    }
}

/* ---- the page ---- */

static void add_top(void) {
    const char *purpose = strchr(overview_text.purpose, ' ') + 1; /* without the name */
    const char *version = confiture_version();
    add_macro(".Dd ", page_date, strlen(page_date));
    add_macro_line(".Dt CONFITURE 1");
    add_macro_line(".Os\n.Sh NAME\n.Nm confiture");
    add_macro(".Nd ", purpose, strcspn(purpose, ".\n"));
    add_macro_line(".Sh SYNOPSIS");
    (void)add_usage(overview_text.usage, "");
    add_macro_line(".Sh DESCRIPTION\n.Nm");
    add_words(purpose, strlen(purpose));
    add_words("This page describes version", 27);
    add_words(version, strlen(version));
    text_add_string(&page, ".");
    add_macro_line("The commands are:");
    add_summaries();
}

static void add_bottom(void) {
    size_t i;
    add_macro_line(".Sh JSON");
    add_literal(help_json_keys);
    add_macro_line(".Sh ENVIRONMENT\n.Bl -tag -width Ds");
    for (i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        add_macro(".It Ev ", variables[i].name, strlen(variables[i].name));
        add_words(variables[i].meaning, strlen(variables[i].meaning));
    }
    add_macro_line(".El\n.Sh EXIT STATUS");
    add_words(overview_text.exit_status, strlen(overview_text.exit_status));
    add_macro_line("An interrupted command exits with 128 plus the number of the signal.");
    add_macro_line(".Sh EXAMPLES");
    add_literal(overview_text.examples);
    add_macro_line(".Sh SEE ALSO\n.Xr psql 1 ,\n.Xr sha256sum 1");
}

void man_print(void) {
    add_top();
    add_commands();
    add_bottom();
    put_bytes(page.data, page.size);
    free(page.data);
}
