/* map.c: reading a map of a schema. What is read is written, and read again, as the same; and each
 * line of its schema has one place, found by a search through all entries as well.
 * Input: the text of a map, after whose first line a digest may be missing: "@" stands for it. */
#include "fuzz.h"

static int map_keep(void *user, const void *data, size_t size) {
    cfti_buffer *buffer = (cfti_buffer *)user;
    if (!cfti_buffer_append(buffer, data, size)) abort();
    return 0;
}

static cfti_buffer map_buffer(void) {
    cfti_buffer buffer;
    memset(&buffer, 0, sizeof buffer);
    FUZZ_CHECK(cfti_allocator_choose(&buffer.allocator, NULL));
    return buffer;
}

/* The text, with 64 digits for each "@": what is mutated stays short. */
static cfti_buffer map_expand(const uint8_t *p, size_t n) {
    static const char digits[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    cfti_buffer text = map_buffer();
    size_t i;
    for (i = 0; i < n; i++)
        FUZZ_CHECK(cfti_buffer_append(&text, p[i] == '@' ? (const void *)digits : &p[i],
                                      p[i] == '@' ? 64 : 1));
    return text;
}

/* The place of a line, by looking at every entry. */
FUZZ_SLOW static confiture_place map_slow(const confiture_map *map, uint64_t line) {
    confiture_place place;
    size_t i;
    memset(&place, 0, sizeof place);
    place.entry = CONFITURE_NO_INDEX;
    if (line == 0 || line > map->line_count) return place;
    place.kind = CONFITURE_PLACE_HEADER;
    for (i = 0; i < map->count; i++) {
        const confiture_map_entry *entry = &map->entries[i];
        if (line < entry->separator_line) break;
        place.entry = i;
        place.line = 0;
        place.kind = CONFITURE_PLACE_SEPARATOR;
        if (line < entry->first_line) continue;
        place.kind = CONFITURE_PLACE_TEXT;
        place.line = line - entry->first_line + 1;
        if (place.line <= entry->line_count) continue;
        place.kind = CONFITURE_PLACE_ADDED;
        place.line = entry->line_count;
    }
    return place;
}

static void map_lookup(const confiture_map *map, uint64_t line) {
    confiture_place place = confiture_map_find(map, line), slow = map_slow(map, line);
    FUZZ_CHECK(place.kind == slow.kind && place.entry == slow.entry && place.line == slow.line);
    if (place.kind == CONFITURE_PLACE_TEXT)
        FUZZ_CHECK(confiture_map_line(map, place.entry, place.line) == line);
}

static void map_check(const cfti_buffer *text) {
    confiture_map map, again;
    confiture_error error;
    cfti_buffer one = map_buffer(), two = map_buffer();
    confiture_sink sink;
    uint8_t *exact = fuzz_copy(text->data, text->size);
    size_t i;
    memset(&map, 0, sizeof map);
    memset(&again, 0, sizeof again);
    memset(&error, 0, sizeof error);
    if (confiture_map_read(&map, exact, text->size, NULL, &error) != CONFITURE_OK) {
        FUZZ_CHECK(error.status == CONFITURE_E_FORMAT && error.line > 0 && map.entries == NULL);
        free(exact);
        return;
    }
    sink.write = map_keep;
    sink.user = &one;
    FUZZ_CHECK(confiture_map_write(&map, &sink, NULL, NULL) == CONFITURE_OK);
    FUZZ_CHECK(one.size <= text->size + 4 * map.count * text->size);
    FUZZ_CHECK(confiture_map_read(&again, one.data, one.size, NULL, NULL) == CONFITURE_OK);
    sink.user = &two;
    FUZZ_CHECK(confiture_map_write(&again, &sink, NULL, NULL) == CONFITURE_OK);
    FUZZ_CHECK(one.size == two.size && memcmp(one.data, two.data, one.size) == 0);
    for (i = 0; i < map.count; i++) {
        const confiture_map_entry *entry = &map.entries[i];
        FUZZ_CHECK(fuzz_same(entry->name, again.entries[i].name));
        FUZZ_CHECK(fuzz_same(entry->path, again.entries[i].path));
        map_lookup(&map, entry->separator_line - 1);
        map_lookup(&map, entry->separator_line);
        map_lookup(&map, entry->first_line);
        map_lookup(&map, entry->first_line + entry->line_count - 1);
        map_lookup(&map, entry->first_line + entry->line_count);
    }
    for (i = 0; i < 40; i++) map_lookup(&map, i);
    map_lookup(&map, map.line_count);
    map_lookup(&map, map.line_count + 1);
    confiture_map_free(&map);
    confiture_map_free(&again);
    cfti_buffer_free(&one);
    cfti_buffer_free(&two);
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cfti_buffer text;
    if (size > 400) return 0;
    text = map_expand(data, size);
    map_check(&text);
    cfti_buffer_free(&text);
    return 0;
}

#if defined(FUZZ_MAIN)
static void fuzz_answer(const fuzz_row *row) { (void)row; } /* the reference has no maps */
#endif
