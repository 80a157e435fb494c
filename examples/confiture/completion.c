/* completion.c: completions for bash, zsh and fish, made from the tables of commands and options. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

enum values { VALUES_NONE, VALUES_OTHER, VALUES_WORDS, VALUES_FILES, VALUES_DIRECTORIES };

/* What completes the value of an option. The name of a value tells: D and OUTDIR are directories;
 * F, FILE and F:LINE begin with a file; any other is a text that nothing completes. */
static enum values values_of(const struct option *option) {
    const char *value = option->value ? option->value : "";
    size_t length = strlen(value);
    if (option->kind == KIND_FLAG) return VALUES_NONE;
    if (option->kind == KIND_CHOICE) return VALUES_WORDS;
    if (strcmp(value, "D") == 0 || (length >= 3 && strcmp(value + length - 3, "DIR") == 0))
        return VALUES_DIRECTORIES;
    return value[0] == 'F' ? VALUES_FILES : VALUES_OTHER;
}

/* Prints a text without its newlines, for a string in single quotes. `quote` is how the shell
 * writes a quote there; a backslash precedes each of `special`. */
static void put_quoted(const char *text, const char *quote, const char *special) {
    for (; *text; text++) {
        if (*text == '\'') {
            put_text(quote);
        } else {
            if (strchr(special, *text)) put_text("\\");
            put_bytes(*text == '\n' ? " " : text, 1);
        }
    }
}

static void put_letter(const struct option *option) {
    put_text("-");
    put_bytes(&option->letter, 1);
}

static void put_command_names(void) {
    size_t i;
    for (i = 0; i < command_count; i++) {
        put_text(i ? " " : "");
        put_text(command_table[i].name);
    }
}

/* What can follow "confiture help". */
static void put_topics(void) {
    size_t i;
    put_command_names();
    for (i = 0; i < topic_count; i++) {
        put_text(" ");
        put_text(topic_table[i].name);
    }
}

static void put_first_lines(const char *first, const char *shell) {
    put_text(first);
    put_text(" completion of confiture ");
    put_text(confiture_version());
    put_text(", as 'confiture help ");
    put_text(shell);
    put_text("' prints it\n\n");
}

/* ---- bash ---- */

/* Prints the names of an option, with something between them. */
static void put_names(const struct option *option, const char *between) {
    if (option->letter) {
        put_letter(option);
        put_text(between);
    }
    put_text("--");
    put_text(option->name);
}

/* Prints what to do after one of the options that have such values. */
static void bash_values(unsigned command, enum values values, const char *action) {
    bool begun = false;
    size_t i;
    for (i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];
        if (!(option->flags & command) || values_of(option) != values) continue;
        put_text(begun ? "|" : "                ");
        begun = true;
        put_names(option, "|");
        if (values != VALUES_WORDS) continue;
        put_text(") words='");
        put_text(option->value);
        put_text("' ;;\n");
        begun = false;
    }
    if (begun) put_text(action);
}

static void bash_command(const struct command_text *text) {
    size_t i;
    put_text("        *:");
    put_text(text->name);
    put_text(")\n            options='");
    for (i = 0; i < option_count; i++) {
        if (!(option_table[i].flags & text->command)) continue;
        put_names(&option_table[i], " ");
        put_text(" ");
    }
    put_text("'\n            case $previous in\n");
    bash_values(text->command, VALUES_WORDS, "");
    bash_values(text->command, VALUES_FILES, ") kind=file ;;\n");
    bash_values(text->command, VALUES_DIRECTORIES, ") kind=directory ;;\n");
    bash_values(text->command, VALUES_OTHER, ") kind=other ;;\n");
    put_text("            esac ;;\n");
}

void completion_print_bash(void) {
    size_t i;
    put_first_lines("#", "bash");
    put_text("_confiture() {\n"
             "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
             "    local command=${COMP_WORDS[1]} options= words= kind= i IFS=$' \\t\\n'\n"
             "    COMPREPLY=()\n"
             "    # The words of --sort=hex are three.\n"
             "    [[ $current == '=' ]] && current=\n"
             "    [[ $previous == '=' ]] && previous=${COMP_WORDS[COMP_CWORD-2]}\n"
             "    for ((i = 2; i < COMP_CWORD; i++)); do\n"
             "        [[ ${COMP_WORDS[i]} == -- ]] && return\n"
             "    done\n"
             "    case $COMP_CWORD:$command in\n"
             "        1:*) words='");
    put_command_names();
    put_text("' ;;\n"
             "        2:help) words='");
    put_topics();
    put_text("' ;;\n");
    for (i = 0; i < command_count; i++) {
        if (command_table[i].command) bash_command(&command_table[i]);
    }
    put_text("        *) kind=other ;;\n"
             "    esac\n"
             "    [[ -z $words && -z $kind && $current == -* ]] && words=$options\n"
             "    if [[ $words ]]; then\n"
             "        COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
             "        kind=other\n"
             "    elif [[ $kind == directory ]]; then\n"
             "        IFS=$'\\n'\n"
             "        COMPREPLY=($(compgen -d -- \"$current\"))\n"
             "        compopt -o filenames 2>/dev/null\n"
             "    fi\n"
             "    # Elsewhere bash completes files.\n"
             "    [[ $kind == other ]] && compopt +o default +o bashdefault 2>/dev/null\n"
             "    return 0\n"
             "}\n\n"
             "complete -o bashdefault -o default -F _confiture confiture\n");
}

/* ---- zsh ---- */

static void zsh_quoted(const char *text) { put_quoted(text, "'\\''", "\\[]:"); }

static void zsh_action(const struct option *option) {
    const char *value = help_value(option);
    if (!value) return;
    put_text(":");
    zsh_quoted(value);
    switch (values_of(option)) {
    case VALUES_WORDS:
        put_text(":(");
        zsh_quoted(option->value);
        put_text(")");
        break;
    case VALUES_FILES: put_text(":_files"); break;
    case VALUES_DIRECTORIES: put_text(":_files -/"); break;
    default: put_text(": "); break;
    }
}

static void zsh_option(const struct option *option) {
    bool repeats = option->kind == KIND_LIST, has_value = option->kind != KIND_FLAG;
    put_text(" \\\n                ");
    if (option->letter && !repeats) {
        put_text("'(");
        put_names(option, " ");
        put_text(")'");
    } else if (repeats) {
        put_text("\\*");
    }
    if (option->letter) {
        put_text("{");
        put_letter(option);
        put_text(has_value ? "+," : ",");
    }
    put_text("--");
    put_text(option->name);
    if (has_value) put_text("=");
    if (option->letter) put_text("}");
    put_text("'[");
    zsh_quoted(option->meaning);
    put_text("]");
    zsh_action(option);
    put_text("'");
}

static void zsh_command(const struct command_text *text) {
    size_t i;
    put_text("        ");
    put_text(text->name);
    put_text(")\n            _arguments -s -S");
    for (i = 0; i < option_count; i++) {
        if (option_table[i].flags & text->command) zsh_option(&option_table[i]);
    }
    put_text(" \\\n                '*:file or directory:_files' ;;\n");
}

void completion_print_zsh(void) {
    size_t i;
    put_first_lines("#compdef confiture\n#", "zsh");
    put_text("_confiture() {\n"
             "    local -a commands\n"
             "    commands=(\n");
    for (i = 0; i < command_count; i++) {
        put_text("        '");
        put_text(command_table[i].name);
        put_text(":");
        put_quoted(command_table[i].summary, "'\\''", "\\:");
        put_text("'\n");
    }
    put_text("    )\n"
             "    if ((CURRENT == 2)); then\n"
             "        _describe -t commands command commands\n"
             "        return\n"
             "    fi\n"
             "    local curcontext=\"${curcontext%:*}-$words[2]:\"\n"
             "    shift words\n"
             "    ((CURRENT--))\n"
             "    case $words[1] in\n");
    for (i = 0; i < command_count; i++) {
        if (command_table[i].command) zsh_command(&command_table[i]);
    }
    put_text("        help)\n"
             "            _arguments '1:topic:(");
    put_topics();
    put_text(")' ;;\n"
             "    esac\n"
             "}\n\n"
             "# zsh calls the file as the function; 'source' only defines it.\n"
             "if [[ $funcstack[1] == _confiture ]]; then\n"
             "    _confiture \"$@\"\n"
             "else\n"
             "    compdef _confiture confiture\n"
             "fi\n");
}

/* ---- fish ---- */

static void fish_quoted(const char *text) { put_quoted(text, "\\'", "\\"); }

static void fish_option(const struct option *option) {
    size_t i;
    put_text("complete -c confiture -n '__confiture_runs");
    for (i = 0; i < command_count; i++) {
        if (!(option->flags & command_table[i].command)) continue;
        put_text(" ");
        put_text(command_table[i].name);
    }
    put_text("'");
    if (option->letter) {
        put_text(" -s ");
        put_bytes(&option->letter, 1);
    }
    put_text(" -l ");
    put_text(option->name);
    switch (values_of(option)) {
    case VALUES_NONE: break;
    case VALUES_OTHER: put_text(" -x"); break;
    case VALUES_WORDS:
        put_text(" -x -a '");
        fish_quoted(option->value);
        put_text("'");
        break;
    case VALUES_FILES: put_text(" -r -F"); break;
    case VALUES_DIRECTORIES: put_text(" -x -a '(__fish_complete_directories)'"); break;
    }
    put_text(" -d '");
    fish_quoted(option->meaning);
    put_text("'\n");
}

void completion_print_fish(void) {
    size_t i;
    put_first_lines("#", "fish");
    put_text("function __confiture_runs\n"
             "    set -l words (commandline -opc)\n"
             "    test (count $words) -gt 1; and contains -- $words[2] $argv\n"
             "end\n\n");
    for (i = 0; i < command_count; i++) {
        put_text("complete -c confiture -f -n 'test (count (commandline -opc)) -eq 1' -a ");
        put_text(command_table[i].name);
        put_text(" -d '");
        fish_quoted(command_table[i].summary);
        put_text("'\n");
    }
    put_text("complete -c confiture -f -n '__confiture_runs help version'\n"
             "complete -c confiture -n '__confiture_runs help; "
             "and test (count (commandline -opc)) -eq 2' -a '");
    put_topics();
    put_text("'\n");
    for (i = 0; i < option_count; i++) fish_option(&option_table[i]);
}
