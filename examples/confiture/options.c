/* options.c: the command line. An option without a meaning for the command is an error. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct options opt;

/* The words that are parsed: the command line, or a line of "hash -c". */
static struct {
    struct options *options;
    const char *file;               /* NULL: the command line */
    uint64_t line;                  /* of the file */
    const char *given[MAX_OPTIONS]; /* the option as written; NULL: not given */
} parser = {&opt, NULL, 0, {NULL}};

const char *command_name(unsigned command) {
    size_t i;
    for (i = 0; i < command_count && command; i++) {
        if (command_table[i].command == command) return command_table[i].name;
    }
    return NULL;
}

static void append(struct strings *strings, const char *string) {
    strings->items = (const char **)reallocate((void *)strings->items,
                                               (strings->count + 1) * sizeof *strings->items);
    strings->items[strings->count++] = string;
}

/* Keeps a string of a message until the program ends. */
static const char *keep(char *text) {
    static struct strings kept;
    append(&kept, text);
    return text;
}

void options_place(const char *file, uint64_t line) {
    parser.file = file;
    parser.line = line;
}

void usage_error(const char *format, ...) {
    const char *name = command_name(opt.command);
    char *text;
    va_list args;
    va_start(args, format);
    text = format_text(format, args);
    va_end(args);
    report_hold(false);
    (void)report_error_at(parser.file, parser.line, "%s; see confiture%s%s --help", text,
                          name ? " " : "", name ? name : "");
    free(text);
    put_flush();
    exit(EXIT_ERROR);
}

/* ---- the known options ---- */

const char *options_commands(unsigned flags) {
    struct text text = {NULL, 0, 0};
    size_t i;
    text_add_string(&text, "");
    for (i = 0; i < command_count; i++) {
        if (!(flags & command_table[i].command)) continue;
        text_add_string(&text, text.size ? ", " : "");
        text_add_string(&text, command_table[i].name);
    }
    return keep(text.data);
}

static bool is_named(const struct option *option, const char *name, char letter) {
    return name ? strcmp(option->name, name) == 0 : letter && option->letter == letter;
}

/* The option of this command with a name or, if it is NULL, a letter. An option of other commands,
 * or an unknown one, is an error. */
static const struct option *find_option(const char *name, char letter, const char *shown) {
    unsigned others = 0;
    size_t i;
    struct text names = {NULL, 0, 0};
    for (i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];
        if (option->flags & opt.command) {
            if (is_named(option, name, letter)) {
                free(names.data);
                return option;
            }
            text_add_string(&names, names.size ? " " : "");
            text_add_string(&names, option->name);
        } else if (is_named(option, name, letter)) {
            others |= option->flags;
        }
    }
    if (others) {
        usage_error("%s is an option of %s, not of %s", shown, options_commands(others),
                    command_name(opt.command));
    }
    usage_error("unknown option %s%s", shown,
                keep(suggest(keep(names.data), name ? name : "", "--")));
}

/* Whether a word is most likely an option rather than the value of the option before it. */
static bool is_option(const char *word) {
    size_t i, length = strcspn(word, "=");
    for (i = 0; i < option_count && word[0] == '-'; i++) {
        const struct option *option = &option_table[i];
        if (option->letter && word[1] == option->letter && !word[2]) return true;
        if (word[1] == '-' && strlen(option->name) + 2 == length &&
            memcmp(option->name, word + 2, length - 2) == 0)
            return true;
    }
    return false;
}

/* ---- values ---- */

/* The words as "a, b or c". */
static const char *alternatives(const char *words) {
    struct text text = {NULL, 0, 0};
    while (*words) {
        size_t length = strcspn(words, " ");
        text_add(&text, words, length);
        words += length + (words[length] == ' ');
        if (*words) text_add_string(&text, strchr(words, ' ') ? ", " : " or ");
    }
    return keep(text.data);
}

static const char *expected(const struct option *option) {
    return option->kind == KIND_CHOICE ? alternatives(option->value) : option->value;
}

static int read_choice(const struct option *option, const char *shown, const char *value) {
    const char *words = option->value;
    size_t length = strlen(value);
    int index;
    for (index = 0; *words; index++) {
        size_t span = strcspn(words, " ");
        if (span == length && memcmp(words, value, length) == 0) return index;
        words += span + (words[span] == ' ');
    }
    usage_error("invalid value '%s' for %s: expected %s%s", value, shown, expected(option),
                keep(suggest(option->value, value, "")));
}

static size_t read_number(const char *shown, const char *value) {
    size_t number = 0;
    const char *p;
    for (p = value; *p >= '0' && *p <= '9' && number <= MAX_THREADS; p++) {
        number = number * 10 + (size_t)(*p - '0');
    }
    if (*p || number > MAX_THREADS) {
        usage_error("invalid value '%s' for %s: expected 0 to %d", value, shown, MAX_THREADS);
    }
    return number;
}

/* A number of bytes; K, M and G are 1024, its square and its cube. */
static uint64_t read_size(const char *shown, const char *value) {
    static const char units[] = "KMG";
    const char *p = value, *unit;
    uint64_t size = 0;
    int times = 0;
    bool fits = true;
    for (; *p >= '0' && *p <= '9' && fits; p++) {
        unsigned digit = (unsigned)(*p - '0');
        fits = size <= (UINT64_MAX - digit) / 10;
        size = 10 * size + digit;
    }
    unit = *p && p != value ? strchr(units, *p) : NULL;
    if (unit) times = (int)(unit - units) + 1, p++;
    for (; times > 0; times--) {
        fits = fits && size <= UINT64_MAX / 1024;
        size *= 1024;
    }
    if (p == value || *p || !fits) {
        usage_error("invalid value '%s' for %s: expected a number of bytes, or one of K, M or G",
                    value, shown);
    }
    return size;
}

static void set_option(const struct option *option, const char *shown, const char *value) {
    const char **given = &parser.given[option - option_table];
    void *member = (char *)parser.options + option->offset;
    if (option->kind != KIND_FLAG && !*value) {
        usage_error("invalid value '' for %s: expected %s", shown, expected(option));
    }
    if (*given && option->kind != KIND_FLAG && option->kind != KIND_LIST) {
        usage_error("%s is given twice: expected once", shown);
    }
    *given = shown;
    switch (option->kind) {
    case KIND_FLAG: *(bool *)member = true; break;
    case KIND_TEXT: *(const char **)member = value; break;
    case KIND_LIST: append((struct strings *)member, value); break;
    case KIND_CHOICE: *(int *)member = read_choice(option, shown, value); break;
    case KIND_NUMBER: *(size_t *)member = read_number(shown, value); break;
    case KIND_SIZE: *(uint64_t *)member = read_size(shown, value); break;
    }
}

/* ---- one word of the command line ---- */

static void print_version(void) {
    put_text("confiture ");
    put_text(confiture_version());
    put_text(" (sha256: ");
    put_text(confiture_sha256_kernel());
    put_text(")\n");
}

/* --help and --version print their text and end the program. */
static void run_help_or_version(void) {
    if (!opt.help && !opt.version) return;
    if (opt.help) help_print(opt.command);
    else print_version();
    put_flush();
    exit(EXIT_DONE);
}

/* The value of an option in the next word. */
static const char *next_value(const struct option *option, const char *shown, const char *next) {
    if (!next) usage_error("%s needs a value: expected %s", shown, expected(option));
    if (is_option(next)) {
        usage_error("%s needs a value: expected %s, not the option %s (or write %s%s%s)", shown,
                    expected(option), next, shown, shown[1] == '-' ? "=" : "", next);
    }
    return next;
}

/* --name, --name=value, --name value. Returns the number of words used. */
static int long_option(char **words) {
    char *equals = strchr(words[0], '=');
    const char *shown = words[0]; /* without its value */
    const struct option *option;
    if (equals) *equals = '\0';
    option = find_option(shown + 2, '\0', shown);
    if (option->kind == KIND_FLAG) {
        if (equals) usage_error("%s takes no value: '%s'", shown, equals + 1);
        set_option(option, shown, "");
    } else if (equals) {
        set_option(option, shown, equals + 1);
    } else {
        set_option(option, shown, next_value(option, shown, words[1]));
        return 2;
    }
    return 1;
}

/* A letter as an option: "-q" of "-qj4". */
static const char *shown_letter(const char *word, char letter) {
    char *shown;
    if (letter & 0x80) return word;
    shown = (char *)allocate(3);
    shown[0] = '-';
    shown[1] = letter;
    shown[2] = '\0';
    return keep(shown);
}

/* -q, -q0, -j4, -j 4. */
static int short_options(char **words) {
    const char *p;
    for (p = words[0] + 1; *p; p++) {
        const char *shown = shown_letter(words[0], *p);
        const struct option *option = find_option(NULL, *p, shown);
        if (option->kind == KIND_FLAG) {
            set_option(option, shown, "");
        } else if (p[1]) {
            set_option(option, shown, p + 1);
            return 1;
        } else {
            set_option(option, shown, next_value(option, shown, words[1]));
            return 2;
        }
    }
    return 1;
}

/* Parses all words; words[count] is NULL. */
static void read_words(char **words, int count) {
    bool operands_only = false;
    int i = 0;
    while (i < count) {
        char *word = words[i];
        if (operands_only || word[0] != '-' || !word[1]) {
            if (!*word) usage_error("the name of a DIR is empty");
            append(&parser.options->operands, word);
            i++;
        } else if (strcmp(word, "--") == 0) {
            operands_only = true;
            i++;
        } else {
            i += word[1] == '-' ? long_option(words + i) : short_options(words + i);
            run_help_or_version();
        }
    }
}

/* ---- combinations ---- */

static void exclude_each_other(bool both, const char *a, const char *b) {
    if (both) usage_error("%s and %s exclude each other", a, b);
}

/* The separator, an option of build, is zero for check. */
static void check_terminate(void) {
    bool sees =
        opt.check == CONFITURE_CHECK_POSTGRES ||
        (opt.check == CONFITURE_CHECK_DEFAULT && opt.separator != (int)CONFITURE_SEPARATOR_MYSQL);
    if (opt.terminate && !sees)
        usage_error("--terminate needs --check postgres, which alone sees unended statements");
}

/* A value that a line of the header contains. */
static void check_line(const char *shown, const char *value) {
    if (value && !text_is_one_line(value))
        usage_error("invalid value '%s' for %s: expected one line of UTF-8", value, shown);
}

/* What build and locate have in common. */
static void check_content(void) {
    bool custom = opt.separator == CONFITURE_SEPARATOR_CUSTOM;
    exclude_each_other(opt.output && opt.split, "--output", "--split");
    if (custom && !opt.template_text) usage_error("--separator custom needs --template");
    if (opt.template_text && !custom) usage_error("--template needs --separator custom");
    if (opt.timestamp && !opt.header) usage_error("--timestamp needs --header");
    if (opt.environment && !opt.header && !opt.split) {
        usage_error("--environment needs --header or --split");
    }
    check_line("--environment", opt.environment);
    check_line("--timestamp", opt.timestamp);
    if (opt.split && opt.environment && strpbrk(opt.environment, SYSTEM_SLASHES)) {
        usage_error("invalid value '%s' for --environment: expected a part of a file name",
                    opt.environment);
    }
}

/* A map alone: nothing is built. */
static void check_map_alone(void) {
    size_t i;
    for (i = 0; i < option_count; i++) {
        unsigned group = option_table[i].flags & OPTION_GROUP;
        if (parser.given[i] && group != GROUP_RESULT && group != GROUP_RUN)
            usage_error("%s needs a directory or files: expected DIR... or FILE...",
                        parser.given[i]);
    }
}

static void check_locate(void) {
    bool lines = opt.lines.count > 0, back = opt.back.count > 0;
    bool tree = opt.operands.count > 0 || opt.files0_from;
    check_content();
    if (opt.map && !tree) check_map_alone();
    exclude_each_other(lines && back, "--line", "--back");
    exclude_each_other(opt.map && opt.split, "--map", "--split");
    if (opt.pre.count && !opt.split) usage_error("--pre needs --split");
    if (opt.post.count && !opt.split) usage_error("--post needs --split");
    if (opt.phase && !opt.split) usage_error("--phase needs --split");
    if (lines && opt.split && !opt.phase) usage_error("--line needs --phase with --split");
    if (opt.json && !lines && !back) usage_error("--json needs --line or --back");
    if (opt.output && strcmp(opt.output, "-") == 0)
        usage_error("invalid value '-' for --output: expected the file of the schema");
    if (!lines && !back && opt.files0_from && strcmp(opt.files0_from, "-") == 0)
        usage_error("--files0-from - needs --line or --back: standard input is what psql prints");
    if (!lines && !back && opt.map && strcmp(opt.map, "-") == 0)
        usage_error("--map - needs --line or --back: standard input is what psql prints");
}

static void check_build(void) {
    bool to_file = opt.split || (opt.output && strcmp(opt.output, "-") != 0);
    check_content();
    if (opt.pre.count && !opt.split) usage_error("--pre needs --split");
    if (opt.post.count && !opt.split) usage_error("--post needs --split");
    if (opt.if_changed && !to_file) usage_error("--if-changed needs --output FILE or --split");
    if (opt.sync && !to_file) usage_error("--sync needs --output FILE or --split");
    if (opt.verify && !to_file) usage_error("--verify needs --output FILE or --split");
    exclude_each_other(opt.verify && opt.if_changed, "--verify", "--if-changed");
    exclude_each_other(opt.verify && opt.sync, "--verify", "--sync");
    exclude_each_other(opt.verify && opt.map, "--verify", "--map");
    if (opt.json && !to_file) usage_error("--json needs --output FILE or --split");
    if (opt.map && !to_file) usage_error("--map needs --output FILE or --split");
    if (opt.map && strcmp(opt.map, "-") == 0)
        usage_error("invalid value '-' for --map: expected a file");
}

void options_refuse_search(const char *reason) {
    size_t i;
    for (i = 0; i < option_count; i++) {
        if (parser.given[i] && (option_table[i].flags & OPTION_SEARCH)) {
            usage_error("%s and %s exclude each other", parser.given[i], reason);
        }
    }
}

/* OLD and NEW of diff. */
static void check_diff(void) {
    const struct strings *given = &opt.operands;
    if (given->count != 2) {
        usage_error("diff needs two operands, not %zu: expected OLD and NEW, each a DIR or a FILE "
                    "of sums",
                    given->count);
    }
    if (strcmp(given->items[0], "-") == 0 && strcmp(given->items[1], "-") == 0)
        usage_error("OLD and NEW are both standard input: expected '-' once");
    exclude_each_other(opt.json && opt.quiet, "--json", "--quiet");
}

static void check_files(const struct options *options) {
    if (options->files0_from) {
        if (options->operands.count) {
            usage_error("DIR '%s' and --files0-from exclude each other",
                        options->operands.items[0]);
        }
        options_refuse_search("--files0-from");
    } else if (options->operands.count == 0 && !options->hash_check &&
               !(opt.command == COMMAND_LOCATE && opt.map)) {
        usage_error("%s needs a directory or files: expected DIR... or FILE...",
                    command_name(opt.command));
    }
}

/* "hash -c FILE": without operands, the options come from FILE. */
static void check_hash_check(void) {
    size_t i;
    if (opt.operands.count || opt.files0_from) return;
    for (i = 0; i < option_count; i++) {
        if (parser.given[i] && (option_table[i].flags & OPTION_DIGEST)) {
            usage_error("%s needs a directory or files: expected DIR... or FILE...",
                        parser.given[i]);
        }
    }
}

static void check_together(void) {
    if (opt.command == COMMAND_DIFF) check_diff();
    else check_files(&opt);
    if (opt.hash_check) check_hash_check();
    exclude_each_other(opt.base && opt.common_base, "--base", "--common-base");
    exclude_each_other(opt.confine && opt.common_base, "--confine", "--common-base");
    check_terminate();
    if (opt.command == COMMAND_BUILD) check_build();
    if (opt.command == COMMAND_LOCATE) check_locate();
    exclude_each_other(opt.json && opt.null, "--json", "--null");
    exclude_each_other(opt.json && opt.bare, "--json", "--bare");
    exclude_each_other(opt.explain && opt.null, "--explain", "--null");
    if (opt.explain && !opt.json && (opt.digests || opt.sizes))
        usage_error("--explain with %s needs --json", opt.digests ? "--digests" : "--size");
    exclude_each_other(opt.strict && opt.no_notes, "--strict", "--no-notes");
    exclude_each_other(opt.hash_check && opt.bare, "--check", "--bare");
}

/* ---- the command ---- */

/* The names of all commands, separated by spaces. */
static const char *command_words(void) {
    struct text text = {NULL, 0, 0};
    size_t i;
    for (i = 0; i < command_count; i++) {
        text_add_string(&text, i ? " " : "");
        text_add_string(&text, command_table[i].name);
    }
    return keep(text.data);
}

static unsigned find_command(const char *word) {
    size_t i;
    for (i = 0; i < command_count; i++) {
        if (strcmp(command_table[i].name, word) == 0) return command_table[i].command;
    }
    if (word[0] == '-') usage_error("no command before %s", word);
    usage_error("unknown command '%s'%s: expected %s", word,
                keep(suggest(command_words(), word, "")), alternatives(command_words()));
}

static bool is_one_of(const char *word, const char *a, const char *b, const char *c) {
    return strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0;
}

static bool print_topic(const char *word) {
    size_t i;
    for (i = 0; i < topic_count; i++) {
        if (strcmp(topic_table[i].name, word) != 0) continue;
        topic_table[i].print();
        return true;
    }
    return false;
}

/* help [COMMAND or topic], version, and the options of the same names: they end the program. */
static void run_help_command(char **words, int count) {
    bool help = is_one_of(words[0], "help", "--help", "-h");
    if (!help && !is_one_of(words[0], "version", "--version", "-V")) return;
    if (count > (help ? 2 : 1)) usage_error("%s is one word too many", words[count - 1]);
    if (!help) {
        print_version();
    } else if (count < 2 || !print_topic(words[1])) {
        if (count == 2) opt.command = find_command(words[1]);
        help_print(opt.command);
    }
    put_flush();
    exit(EXIT_DONE);
}

const struct options *options_parse(int argc, char **argv) {
    int i;
    /* --json anywhere on the line makes every error a document. */
    for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0) report_start(true, 0);
    }
    if (argc < 2) usage_error("no command: expected %s", alternatives(command_words()));
    run_help_command(argv + 1, argc - 1);
    opt.command = find_command(argv[1]);
    report_start(report_is_json(), opt.command);
    read_words(argv + 2, argc - 2);
    check_together();
    return &opt;
}

/* ---- the words that decide a digest ---- */

static void add_option(struct text *text, const struct option *option, const char *value) {
    text_add_string(text, " --");
    text_add_string(text, option->name);
    if (!value) return;
    text_add_string(text, value[0] == '-' ? "=" : " ");
    text_add_quoted(text, value);
}

/* The name of a choice. The caller frees it. */
static char *choice_name(const char *words, int choice) {
    struct text text = {NULL, 0, 0};
    for (; choice > 0; choice--) words = strchr(words, ' ') + 1;
    text_add(&text, words, strcspn(words, " "));
    return text.data;
}

char *options_words(const struct options *options) {
    struct text text = {NULL, 0, 0};
    size_t i, k;
    text_add_string(&text, "");
    for (i = 0; i < options->operands.count; i++) {
        const char *name = options->operands.items[i];
        if (i > 0) text_add_string(&text, " ");
        if (name[0] == '-') text_add_string(&text, "./");
        text_add_quoted(&text, name);
    }
    for (i = 0; i < option_count; i++) {
        const struct option *option = &option_table[i];
        const void *member = (const char *)options + option->offset;
        if (!(option->flags & OPTION_DIGEST)) continue;
        if (option->kind == KIND_FLAG && *(const bool *)member) add_option(&text, option, NULL);
        if (option->kind == KIND_TEXT && *(const char *const *)member)
            add_option(&text, option, *(const char *const *)member);
        if (option->kind == KIND_LIST) {
            const struct strings *strings = (const struct strings *)member;
            for (k = 0; k < strings->count; k++) add_option(&text, option, strings->items[k]);
        }
        if (option->kind == KIND_CHOICE && *(const int *)member > 0) {
            char *name = choice_name(option->value, *(const int *)member);
            add_option(&text, option, name);
            free(name);
        }
    }
    if (text.data[0] == ' ') memmove(text.data, text.data + 1, text.size);
    return text.data;
}

/* Only the options that options_words() writes are allowed. */
static void check_recorded(void) {
    size_t i;
    for (i = 0; i < option_count; i++) {
        if (parser.given[i] && !(option_table[i].flags & OPTION_DIGEST))
            usage_error("%s does not decide a digest", parser.given[i]);
    }
}

void options_parse_words(struct options *options, const struct options *like, char *words) {
    char **list = (char **)allocate((strlen(words) + 2) * sizeof(char *));
    int count = 0;
    bool bad;
    char *word;
    *options = *like;
    options->hash_check = NULL;
    memset(&options->operands, 0, sizeof options->operands);
    memset(parser.given, 0, sizeof parser.given);
    parser.options = options;
    while ((word = text_next_word(&words, &bad)) != NULL) {
        if (bad) usage_error("a quote is not closed");
        list[count++] = word;
    }
    list[count] = NULL;
    read_words(list, count);
    check_recorded();
    check_files(options);
    free((void *)list);
}

void options_free_words(struct options *options) {
    free((void *)options->operands.items);
    free((void *)options->include.items);
    free((void *)options->exclude.items);
    free((void *)options->exclude_dirs.items);
}
