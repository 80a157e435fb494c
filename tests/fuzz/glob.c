/* glob.c: fnmatch, match and the compiled patterns.
 * Input: a name or path, NUL, a pattern. */
#include "fuzz.h"

#include "slow_glob.h"

static void glob_patterns(const char *text, const char *name, size_t name_size) {
    static slow_part parts[SLOW_PARTS];
    size_t size = strlen(text), count = slow_split(parts, text, size), i, k, recursive;
    bool bad = size > 0 && text[0] == '/';
    for (i = 0; i < count; i++) bad = bad || slow_part_kind(&parts[i]) == '!';
    bad = bad || count == 0;
    for (recursive = 0; recursive < 2; recursive++) {
        cfti_pattern pattern;
        const char *why = cfti_pattern_compile(&pattern, text, recursive == 1);
        bool depth = recursive == 1; /* what came last was any depth: another says no more */
        size_t at = recursive;
        if (bad) {
            FUZZ_CHECK(why != NULL);
            continue;
        }
        if (count > 50) continue; /* it may be too long */
        FUZZ_CHECK(why == NULL);
        FUZZ_CHECK(recursive == 0 || pattern.components[0].kind == CFTI_COMPONENT_ANY_DEPTH);
        for (i = 0; i < count; i++) {
            char kind = slow_part_kind(&parts[i]);
            const cfti_component *part;
            bool asked, wanted;
            if (kind == 'd' && depth) continue;
            depth = kind == 'd';
            FUZZ_CHECK(at < pattern.count);
            part = &pattern.components[at++];
            FUZZ_CHECK(part->kind == (kind == 'd'   ? CFTI_COMPONENT_ANY_DEPTH
                                      : kind == 'w' ? CFTI_COMPONENT_WILD
                                                    : CFTI_COMPONENT_EXACT));
            if (kind == 'd') continue;
            FUZZ_CHECK(part->size == parts[i].size);
            wanted = slow_fnmatch(name, name_size, parts[i].text, parts[i].size, &asked);
            if (asked) FUZZ_CHECK(cfti_component_matches(part, name, name_size) == wanted);
        }
        FUZZ_CHECK(at == pattern.count);
        for (k = 0; k + 1 < pattern.count; k++)
            FUZZ_CHECK(pattern.components[k].kind != CFTI_COMPONENT_ANY_DEPTH ||
                       pattern.components[k + 1].kind != CFTI_COMPONENT_ANY_DEPTH);
    }
}

/* -1 as slow_match(). */
static int glob_match(const char *path, size_t path_size, const char *pattern, size_t size) {
    if (cfti_match_is_empty(pattern, size) && (size == 0 || pattern[0] != '/')) return -1;
    return cfti_match(path, path_size, pattern, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_reader in;
    char *name, *pattern;
    size_t name_size, pattern_size;
    bool asked, wanted;
    if (size > 512) return 0;
    in.p = data;
    in.left = size;
    name = fuzz_string(&in);
    pattern = fuzz_string(&in);
    name_size = strlen(name);
    pattern_size = strlen(pattern);
    wanted = slow_fnmatch(name, name_size, pattern, pattern_size, &asked);
    FUZZ_CHECK(asked);
    FUZZ_CHECK(cfti_fnmatch(name, name_size, pattern, pattern_size) == wanted);
    FUZZ_CHECK(glob_match(name, name_size, pattern, pattern_size) ==
               slow_match(name, name_size, pattern, pattern_size));
    glob_patterns(pattern, name, name_size);
    free(name);
    free(pattern);
    return 0;
}

#if defined(FUZZ_MAIN)
static void fuzz_answer(const fuzz_row *row) {
    bool asked;
    if (fuzz_row_is(row, "fnmatch")) {
        FUZZ_CHECK(fuzz_row_wants(row, "%d",
                                  slow_fnmatch(row->a, row->a_size, row->b, row->b_size, &asked)));
        FUZZ_CHECK(
            fuzz_row_wants(row, "%d", cfti_fnmatch(row->a, row->a_size, row->b, row->b_size)));
    } else if (fuzz_row_is(row, "match")) {
        FUZZ_CHECK(fuzz_row_wants(row, "%d", slow_match(row->a, row->a_size, row->b, row->b_size)));
        FUZZ_CHECK(fuzz_row_wants(row, "%d", glob_match(row->a, row->a_size, row->b, row->b_size)));
    }
}
#endif
