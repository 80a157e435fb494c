/* options.c: the command line. One table holds every option; an option that is
 * given where it has no meaning is an error, never ignored. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALL (COMMAND_BUILD | COMMAND_HASH | COMMAND_LIST | COMMAND_CHECK)
#define BUILD COMMAND_BUILD
#define SEARCH 256 /* has no meaning for a list of files */

static struct options opt;
static bool show_help, show_version;

enum kind { FLAG, TEXT, STRINGS, CHOICE, NUMBER, SIZE };

struct spec {
    const char *name;
    char letter; /* 0: none */
    enum kind kind;
    unsigned commands;
    void *value;         /* a member of opt, of the type that kind tells */
    const char *choices; /* of CHOICE: the names of 0, 1, ... */
};

static const struct spec specs[] = {
    {"output", 'o', TEXT, BUILD, &opt.output, NULL},
    {"split", 0, TEXT, BUILD, &opt.split, NULL},
    {"pre", 0, STRINGS, BUILD, &opt.pre, NULL},
    {"post", 0, STRINGS, BUILD, &opt.post, NULL},
    {"if-changed", 0, FLAG, BUILD, &opt.if_changed, NULL},
    {"sync", 0, FLAG, BUILD, &opt.sync, NULL},
    {"separator", 0, CHOICE, BUILD, &opt.separator, "block_comment line_comment mysql custom none"},
    {"template", 0, TEXT, BUILD, &opt.template_text, NULL},
    {"header", 0, FLAG, BUILD, &opt.header, NULL},
    {"environment", 0, TEXT, BUILD, &opt.environment, NULL},
    {"timestamp", 0, TEXT, BUILD, &opt.timestamp, NULL},
    {"schema-only", 0, FLAG, BUILD, &opt.schema_only, NULL},
    {"check", 0, CHOICE, BUILD | COMMAND_CHECK, &opt.check, "postgres reference none"},
    {"digest", 0, CHOICE, COMMAND_HASH, &opt.digest, "stream tree"},
    {"null", '0', FLAG, COMMAND_LIST, &opt.null, NULL},
    {"size", 0, FLAG, COMMAND_LIST, &opt.sizes, NULL},
    {"digests", 0, FLAG, COMMAND_LIST, &opt.digests, NULL},
    {"include", 0, STRINGS, ALL | SEARCH, &opt.include, NULL},
    {"exclude", 0, STRINGS, ALL | SEARCH, &opt.exclude, NULL},
    {"exclude-dir", 0, STRINGS, ALL | SEARCH, &opt.exclude_dirs, NULL},
    {"no-recursive", 0, FLAG, ALL | SEARCH, &opt.not_recursive, NULL},
    {"must-exist", 0, FLAG, ALL | SEARCH, &opt.must_exist, NULL},
    {"unique", 0, FLAG, ALL | SEARCH, &opt.unique, NULL},
    {"sort", 0, CHOICE, ALL | SEARCH, &opt.sort, "path hex"},
    {"base", 0, TEXT, ALL, &opt.base, NULL},
    {"confine", 0, FLAG, ALL, &opt.confine, NULL},
    {"files0-from", 0, TEXT, ALL, &opt.files0_from, NULL},
    {"threads", 'j', NUMBER, ALL, &opt.threads, NULL},
    {"io", 0, CHOICE, ALL, &opt.io, "auto read mmap ring"},
    {"max-file-size", 0, SIZE, ALL, &opt.max_file_size, NULL},
    {"json", 0, FLAG, ALL, &opt.json, NULL},
    {"quiet", 'q', FLAG, ALL, &opt.quiet, NULL},
    {"help", 'h', FLAG, ALL, &show_help, NULL},
    {"version", 0, FLAG, ALL, &show_version, NULL},
};

enum { SPEC_COUNT = sizeof specs / sizeof specs[0], MAX_THREADS = 1024 };

static bool given[SPEC_COUNT];

static const struct {
    unsigned command;
    const char *name;
} commands[] = {{COMMAND_BUILD, "build"},
                {COMMAND_HASH, "hash"},
                {COMMAND_LIST, "list"},
                {COMMAND_CHECK, "check"}};

const char *options_command_name(void) {
    size_t i;
    for (i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (commands[i].command == opt.command) return commands[i].name;
    }
    return NULL;
}

/* Says what is wrong and where to read more, and ends the program. */
static void wrong(const char *format, ...)
#if defined(__GNUC__) || defined(__clang__)
    __attribute__((noreturn, format(COMMAND_PRINTF, 1, 2)))
#endif
    ;

static void wrong(const char *format, ...) {
    const char *name = options_command_name();
    char *text;
    va_list args;
    va_start(args, format);
    text = format_text(format, args);
    va_end(args);
    say("%s; see confiture%s%s --help", text, name ? " " : "", name ? name : "");
    free(text);
    exit(EXIT_ERROR);
}

/* ---- one option ---- */

static void append(struct strings *strings, const char *string) {
    strings->items = (const char **)reallocate((void *)strings->items,
                                               (strings->count + 1) * sizeof *strings->items);
    strings->items[strings->count++] = string;
}

static void check_belongs(const struct spec *spec, const char *shown) {
    if (spec->commands & opt.command) return;
    wrong("%s is not an option of %s", shown, options_command_name());
}

/* The place of word in a list of words, or -1. */
static int find_word(const char *words, const char *word) {
    size_t length = strlen(word);
    int index;
    for (index = 0; words; index++) {
        size_t span = strcspn(words, " ");
        if (span == length && memcmp(words, word, length) == 0) return index;
        words = words[span] ? words + span + 1 : NULL;
    }
    return -1;
}

/* --help and --version end the program with what they print. */
static void answer(void) {
    if (show_help) {
        put_text(help_text(opt.command));
    } else {
        put_text("confiture ");
        put_text(confiture_version());
        put_text(" (sha256: ");
        put_text(confiture_sha256_kernel());
        put_text(")\n");
    }
    put_flush();
    exit(EXIT_DONE);
}

/* Bytes, or K, M, G of them: 1024, its square, its cube. */
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
        wrong("%s cannot be '%s', only a number of bytes, or one of K, M or G", shown, value);
    }
    return size;
}

static void set_option(const struct spec *spec, const char *shown, const char *value) {
    given[spec - specs] = true;
    if (spec->kind != FLAG && !*value) {
        wrong("the value of %s is empty", shown);
    }
    switch (spec->kind) {
    case FLAG: *(bool *)spec->value = true; break;
    case TEXT: *(const char **)spec->value = value; break;
    case STRINGS: append((struct strings *)spec->value, value); break;
    case CHOICE: {
        int choice = find_word(spec->choices, value);
        if (choice < 0) wrong("%s cannot be '%s', only: %s", shown, value, spec->choices);
        *(int *)spec->value = choice;
        break;
    }
    case NUMBER: {
        size_t number = 0;
        const char *p;
        for (p = value; *p >= '0' && *p <= '9' && number <= MAX_THREADS; p++) {
            number = number * 10 + (size_t)(*p - '0');
        }
        if (*p || number > MAX_THREADS) {
            wrong("%s cannot be '%s', only a number from 0 to %d", shown, value, MAX_THREADS);
        }
        *(size_t *)spec->value = number;
        break;
    }
    case SIZE: *(uint64_t *)spec->value = read_size(shown, value); break;
    }
    if (show_help || show_version) answer();
}

/* --name, --name=value, --name value. Returns how many arguments were used. */
static int long_option(char **argv) {
    char *equals = strchr(argv[0], '=');
    const char *shown = argv[0]; /* without its value */
    size_t i;
    if (equals) *equals = '\0';
    for (i = 0; i < SPEC_COUNT && strcmp(specs[i].name, shown + 2) != 0; i++) continue;
    if (i == SPEC_COUNT) wrong("unknown option %s", shown);
    check_belongs(&specs[i], shown);
    if (specs[i].kind == FLAG) {
        if (equals) wrong("%s takes no value", shown);
        set_option(&specs[i], shown, "");
    } else if (equals) {
        set_option(&specs[i], shown, equals + 1);
    } else if (argv[1]) {
        set_option(&specs[i], shown, argv[1]);
        return 2;
    } else {
        wrong("%s needs a value", shown);
    }
    return 1;
}

/* -q, -q0, -j4, -j 4. */
static int short_options(char **argv) {
    const char *p;
    for (p = argv[0] + 1; *p; p++) {
        char shown[3] = {'-', *p, '\0'};
        size_t i;
        for (i = 0; i < SPEC_COUNT && specs[i].letter != *p; i++) continue;
        if (i == SPEC_COUNT) wrong("unknown option %s", (*p & 0x80) ? argv[0] : shown);
        check_belongs(&specs[i], shown);
        if (specs[i].kind == FLAG) {
            set_option(&specs[i], shown, "");
        } else if (p[1]) {
            set_option(&specs[i], shown, p + 1);
            return 1;
        } else if (argv[1]) {
            set_option(&specs[i], shown, argv[1]);
            return 2;
        } else {
            wrong("%s needs a value", shown);
        }
    }
    return 1;
}

/* ---- what goes together ---- */

static void check_build(void) {
    bool to_file = opt.split || (opt.output && strcmp(opt.output, "-") != 0);
    bool custom = opt.separator == CONFITURE_SEPARATOR_CUSTOM;
    if (opt.output && opt.split) wrong("--output and --split exclude each other");
    if (custom && !opt.template_text) wrong("--separator custom needs --template");
    if (opt.template_text && !custom) wrong("--template needs --separator custom");
    if (opt.timestamp && !opt.header) wrong("--timestamp needs --header");
    if (opt.environment && !opt.header && !opt.split) {
        wrong("--environment needs --header or --split");
    }
    if (opt.pre.count && !opt.split) wrong("--pre needs --split");
    if (opt.post.count && !opt.split) wrong("--post needs --split");
    if (opt.if_changed && !to_file) wrong("--if-changed needs --output FILE or --split");
    if (opt.sync && !to_file) wrong("--sync needs --output FILE or --split");
    if (opt.json && !to_file) wrong("--json needs --output FILE or --split");
    if (opt.split && opt.environment && strpbrk(opt.environment, SYSTEM_SLASHES)) {
        wrong("--environment '%s' cannot be part of a file name", opt.environment);
    }
}

static void check_together(void) {
    size_t i;
    if (opt.files0_from) {
        if (opt.directories.count) {
            wrong("DIR '%s' and --files0-from exclude each other", opt.directories.items[0]);
        }
        for (i = 0; i < SPEC_COUNT; i++) {
            if (given[i] && (specs[i].commands & SEARCH)) {
                wrong("--%s and --files0-from exclude each other", specs[i].name);
            }
        }
    } else if (opt.directories.count == 0) {
        wrong("%s needs a directory", options_command_name());
    }
    if (opt.command == COMMAND_BUILD) check_build();
    if (opt.command == COMMAND_LIST && opt.json && opt.null) {
        wrong("--json and --null exclude each other");
    }
}

static void find_command(const char *word) {
    size_t i;
    for (i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, word) == 0) opt.command = commands[i].command;
    }
    if (opt.command) return;
    show_help = strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
    show_version = strcmp(word, "--version") == 0;
    if (show_help || show_version) answer();
    if (word[0] == '-') wrong("no command before %s", word);
    wrong("unknown command '%s'", word);
}

const struct options *options_parse(int argc, char **argv) {
    bool operands_only = false;
    int i = 2;
    if (argc < 2) wrong("no command");
    find_command(argv[1]);
    while (i < argc) {
        char *arg = argv[i];
        if (operands_only || arg[0] != '-' || !arg[1]) {
            if (!*arg) wrong("the name of a DIR is empty");
            append(&opt.directories, arg);
            i++;
        } else if (strcmp(arg, "--") == 0) {
            operands_only = true;
            i++;
        } else {
            i += arg[1] == '-' ? long_option(argv + i) : short_options(argv + i);
        }
    }
    check_together();
    return &opt;
}
