/* ---- results/map.c: which lines of a schema come from which file ---- */

CONFITURE_API void confiture_map_free(confiture_map *map) {
    if (map == NULL) return;
    if (map->entries != NULL) cfti_free(&map->allocator, map->entries, map->capacity);
    memset(map, 0, sizeof(*map));
}

/* The first of the entries that begin after the line. */
static size_t cfti_map_after(const confiture_map *map, uint64_t line) {
    size_t low = 0, high = map->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (map->entries[middle].separator_line <= line) low = middle + 1;
        else high = middle;
    }
    return low;
}

CONFITURE_API confiture_place confiture_map_find(const confiture_map *map, uint64_t line) {
    const confiture_map_entry *entry;
    confiture_place place;
    place.kind = CONFITURE_PLACE_NONE;
    place.entry = CONFITURE_NO_INDEX;
    place.line = 0;
    if (map == NULL || line == 0 || line > map->line_count) return place;
    place.entry = cfti_map_after(map, line);
    if (place.entry == 0) {
        place.kind = CONFITURE_PLACE_HEADER;
        place.entry = CONFITURE_NO_INDEX;
        return place;
    }
    entry = &map->entries[--place.entry];
    if (line < entry->first_line) {
        place.kind = CONFITURE_PLACE_SEPARATOR;
    } else if (line - entry->first_line < entry->line_count) {
        place.kind = CONFITURE_PLACE_TEXT;
        place.line = line - entry->first_line + 1;
    } else {
        place.kind = CONFITURE_PLACE_ADDED;
        place.line = entry->line_count;
    }
    return place;
}

CONFITURE_API uint64_t confiture_map_line(const confiture_map *map, size_t entry, uint64_t line) {
    if (map == NULL || entry >= map->count || line == 0 || line > map->entries[entry].line_count)
        return 0;
    return map->entries[entry].first_line + line - 1;
}

/* ---- made by a build ---- */

/* The bytes of a file's strings: its path, whose end usually is its name. */
static bool cfti_map_shares(const cfti_file *file) {
    return file->name_size <= file->path_size &&
           memcmp(file->path + file->path_size - file->name_size, file->name, file->name_size) == 0;
}

static size_t cfti_map_strings(const cfti_file *file) {
    return (size_t)file->path_size + 1 + (cfti_map_shares(file) ? 0 : (size_t)file->name_size + 1);
}

/* One block for the entries and, after them, the strings. False: no memory. */
static bool cfti_map_allocate(confiture_map *map, size_t count, size_t strings,
                              const confiture_allocator *allocator) {
    if (count > (SIZE_MAX / 2 - strings) / sizeof(confiture_map_entry)) return false;
    map->capacity = count * sizeof(confiture_map_entry) + strings;
    map->allocator = *allocator;
    if (count == 0) return true;
    map->entries = (confiture_map_entry *)cfti_alloc(allocator, map->capacity);
    return map->entries != NULL;
}

/* Where the strings of a map begin, which has this many entries. */
static char *cfti_map_strings_of(const confiture_map *map, size_t count) {
    return count == 0 ? NULL : (char *)(map->entries + count);
}

/* Adds an entry whose strings are at *at, and moves *at after them. */
static void cfti_map_add(confiture_map *map, const cfti_file *file, size_t index, char **at) {
    confiture_map_entry *entry = &map->entries[map->count++];
    memset(entry, 0, sizeof(*entry));
    entry->index = index;
    entry->path = *at;
    memcpy(*at, file->path, (size_t)file->path_size + 1);
    *at += (size_t)file->path_size + 1;
    if (cfti_map_shares(file)) {
        entry->name = *at - 1 - file->name_size;
        return;
    }
    entry->name = *at;
    memcpy(*at, file->name, (size_t)file->name_size + 1);
    *at += (size_t)file->name_size + 1;
}

/* A file's separator begins, then its text. */
static void cfti_map_begin(confiture_map *map, confiture_map_entry *entry,
                           uint64_t separator_lines) {
    entry->separator_line = map->line_count + 1;
    map->line_count += separator_lines;
    entry->first_line = map->line_count + 1;
}

static void cfti_map_text(confiture_map *map, confiture_map_entry *entry, uint64_t lines) {
    entry->line_count += lines;
    map->line_count += lines;
}

static void cfti_maps_free(confiture_map *maps, size_t count) {
    size_t i;
    for (i = 0; maps != NULL && i < count; i++) confiture_map_free(&maps[i]);
}
