/* slow_build.h: what a build, a check, a digest and a manifest of a list come to: one file after
 * the other, each read whole, everything kept. On the file system of memory_fs.h. */
#ifndef CONFITURE_FUZZ_SLOW_BUILD_H
#define CONFITURE_FUZZ_SLOW_BUILD_H

#include "slow_lexer.h"
#include "slow_sha256.h"

#define SLOW_BYTES (1 << 18)

typedef struct slow_bytes {
    uint8_t at[SLOW_BYTES];
    size_t size;
} slow_bytes;

FUZZ_SLOW static void slow_put(slow_bytes *out, const void *bytes, size_t size) {
    if (size > sizeof out->at - out->size) abort();
    if (size > 0) memcpy(out->at + out->size, bytes, size);
    out->size += size;
}

FUZZ_SLOW static void slow_puts(slow_bytes *out, const char *text) {
    slow_put(out, text, strlen(text));
}

/* The file at a path, or why there is none. */
FUZZ_SLOW static confiture_status slow_read(const char *path, const fs_node **file) {
    int node = fs_look(path, true);
    if (node >= 0 && fs.nodes[node].kind == FS_DIRECTORY) return CONFITURE_E_NOT_FILE;
    if (node < 0 || fs.nodes[node].secret) return CONFITURE_E_SYSTEM;
    if (fs.nodes[node].kind != FS_FILE) return CONFITURE_E_NOT_FILE;
    *file = &fs.nodes[node];
    return CONFITURE_OK;
}

typedef struct slow_outcome {
    confiture_status status;
    const char *path; /* of what failed */
    uint64_t line, offset;
    size_t findings;
} slow_outcome;

#define SLOW_FILES 60

typedef struct slow_result {
    slow_outcome is;
    slow_bytes out[3];
    size_t counts[3];
    uint8_t stream[32], tree[32], text[32];
    uint8_t manifest[SLOW_FILES][32];
    uint64_t sizes[SLOW_FILES];
} slow_result;

FUZZ_SLOW static void slow_fail(slow_outcome *is, confiture_status status, const char *path,
                                uint64_t line, uint64_t offset) {
    if (is->status != CONFITURE_OK) return; /* the first is the one */
    is->status = status;
    is->path = path;
    is->line = line;
    is->offset = offset;
}

/* How text is read. */
typedef struct slow_rules {
    confiture_check_mode mode;
    bool strip_bom, terminate;
} slow_rules;

/* What is found of a text once its statement is ended. */
FUZZ_SLOW static slow_open slow_lex_ended(const slow_bytes *text) {
    static slow_bytes ended;
    ended.size = 0;
    slow_put(&ended, text->at, text->size);
    slow_puts(&ended, "\n;\n");
    return slow_lex(ended.at, ended.size, CONFITURE_CHECK_POSTGRES);
}

/* The translated text of a file, if nothing is wrong with it. False: a finding. A statement
 * that is not ended is none in the last file of an output. */
FUZZ_SLOW static bool slow_text(slow_outcome *is, const char *path, const fs_node *file,
                                const slow_rules *rules, bool last, slow_bytes *text,
                                slow_open *left) {
    confiture_check_mode mode = rules->mode;
    slow_open open;
    size_t good = slow_utf8(file->data, file->size);
    memset(&open, 0, sizeof open);
    text->size = slow_newlines(text->at, file->data, good);
    if (good < file->size) {
        slow_fail(is, CONFITURE_E_ENCODING, path, 1 + slow_count(text->at, text->size, '\n'), good);
        return false;
    }
    if (rules->strip_bom && text->size >= 3 && memcmp(text->at, "\xEF\xBB\xBF", 3) == 0) {
        text->size -= 3;
        memmove(text->at, text->at + 3, text->size);
    }
    if (mode == CONFITURE_CHECK_POSTGRES || mode == CONFITURE_CHECK_QUOTES)
        open = slow_lex(text->at, text->size, mode);
    if (mode == CONFITURE_CHECK_REFERENCE) open.line = slow_comment(text->at, text->size);
    *left = open;
    if (open.unended && rules->terminate) {
        slow_open then = slow_lex_ended(text);
        left->unended = then.what == NULL;
        if (!left->unended) open.what = then.what;
    }
    if (open.unended && (last || (rules->terminate && left->unended))) open.line = 0;
    if (open.line != 0) slow_fail(is, CONFITURE_E_UNCLOSED, path, open.line, 0);
    return open.line == 0;
}

FUZZ_SLOW static bool slow_is_seed(const confiture_files *files, size_t i) {
    static slow_path path, base, real;
    const char *given = confiture_files_base(files);
    size_t k;
    int links = 0;
    slow_path_of(&base, given);
    slow_path_absolute(&base);
    real.absolute = true;
    real.count = 0;
    if (!slow_path_walk(&real, &base, &links)) abort(); /* then there is no list */
    if (real.count > 0 &&
        slow_seed(real.parts[real.count - 1].text, real.parts[real.count - 1].size))
        return true;
    slow_path_of(&path, confiture_files_name(files, i));
    for (k = 0; k < path.count; k++)
        if (slow_seed(path.parts[k].text, path.parts[k].size)) return true;
    return false;
}

FUZZ_SLOW static void slow_separator(slow_bytes *out, const char *name,
                                     const confiture_build_options *options) {
    static const char bar[] = "==========================================";
    static const char *const marks[][3] = {{"/*", " *", " */"}, {"--", "--", ""}, {"#", "#", ""}};
    if (options->separator == CONFITURE_SEPARATOR_CUSTOM) {
        char *text = slow_template(options->separator_template, name);
        slow_puts(out, text);
        free(text);
    } else if (options->separator != CONFITURE_SEPARATOR_NONE) {
        const char *const *mark = marks[options->separator];
        char text[4096];
        (void)snprintf(text, sizeof text, "\n%s %s\n%s File: %s\n%s %s%s\n\n", mark[0], bar,
                       mark[1], name, mark[1], bar, mark[2]);
        slow_puts(out, text);
    }
}

/* Below one of the directories, as text or with the directory's links resolved. */
FUZZ_SLOW static bool slow_lies_in(const char *path, const char *const *dirs, size_t count) {
    static slow_path file, full, dir, resolved;
    size_t i;
    slow_path_of(&file, path);
    full = file;
    slow_path_absolute(&full);
    for (i = 0; i < count; i++) {
        int links = 0;
        slow_path_of(&dir, dirs[i]);
        if (slow_path_below(&file, &dir)) return true;
        slow_path_absolute(&dir);
        resolved.absolute = true;
        resolved.count = 0;
        if (slow_path_walk(&resolved, &dir, &links) && slow_path_below(&full, &resolved))
            return true;
    }
    return false;
}

FUZZ_SLOW static void slow_hex_of(char hex[65], const uint8_t digest[32]) {
    size_t i;
    for (i = 0; i < 32; i++) (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

FUZZ_SLOW static void slow_header(slow_bytes *out, const confiture_header *header,
                                  const uint8_t stream[32], size_t count) {
    static const char bar[] = "-- ============================================\n";
    char text[4096], hex[65];
    slow_hex_of(hex, stream);
    (void)snprintf(text, sizeof text,
                   "%s-- PostgreSQL Schema for Confiture\n%s--\n-- Environment: %s\n"
                   "-- Generated: %s\n-- Schema Hash: %s\n-- Files Included: %lu\n--\n"
                   "-- This file was generated by Confiture (confiture build)\n"
                   "-- DO NOT EDIT MANUALLY - Edit source files in db/schema/\n--\n%s\n",
                   bar, bar, header->environment == NULL ? "local" : header->environment,
                   header->timestamp == NULL ? "" : header->timestamp, hex, (unsigned long)count,
                   bar);
    slow_puts(out, text);
}

/* The output that a file goes to; -1: none. */
FUZZ_SLOW static int slow_route(const confiture_files *files, size_t i,
                                const confiture_build_options *options, bool split) {
    const char *path = confiture_files_path(files, i);
    if (options->schema_only && slow_is_seed(files, i)) return -1;
    if (!split) return 0;
    if (slow_lies_in(path, options->post_dirs, options->post_dir_count))
        return CONFITURE_SPLIT_POST;
    if (slow_lies_in(path, options->pre_dirs, options->pre_dir_count)) return CONFITURE_SPLIT_PRE;
    return CONFITURE_SPLIT_APP;
}

/* A build into one schema, or into three. */
FUZZ_SLOW static void slow_build(slow_result *r, const confiture_files *files,
                                 const confiture_build_options *options, bool split) {
    static slow_bytes stream, text, body[3];
    slow_rules rules;
    size_t i, ends[3] = {0, 0, 0};
    confiture_status found = CONFITURE_OK; /* of the first finding, if they are collected */
    slow_outcome first;
    memset(&r->is, 0, sizeof r->is);
    memset(r->counts, 0, sizeof r->counts);
    memset(&first, 0, sizeof first);
    stream.size = body[0].size = body[1].size = body[2].size = 0;
    for (i = 0; i < 3; i++) r->out[i].size = 0;
    rules.mode = options->check;
    if (rules.mode == CONFITURE_CHECK_DEFAULT)
        rules.mode = options->separator == CONFITURE_SEPARATOR_MYSQL ? CONFITURE_CHECK_NONE
                                                                     : CONFITURE_CHECK_POSTGRES;
    rules.strip_bom = options->strip_bom;
    rules.terminate = options->terminate;
    for (i = 0; i < confiture_files_count(files); i++) {
        int to = slow_route(files, i, options, split);
        if (to >= 0) ends[to] = i;
    }
    for (i = 0; i < confiture_files_count(files); i++) {
        const char *path = confiture_files_path(files, i), *name = confiture_files_name(files, i);
        int to = slow_route(files, i, options, split);
        slow_open left;
        const fs_node *file;
        confiture_status status;
        if (to < 0 && options->no_digest) continue;
        status = slow_read(path, &file);
        if (status != CONFITURE_OK) {
            slow_fail(&r->is, status, path, 0, 0);
            return;
        }
        slow_put(&stream, name, strlen(name) + 1);
        slow_put(&stream, file->data, file->size);
        slow_put(&stream, "", 1);
        if (to < 0) continue;
        r->counts[to]++;
        if (options->separator == CONFITURE_SEPARATOR_BLOCK_COMMENT &&
            (strstr(name, "*/") != NULL ||
             (strstr(name, "/*") != NULL &&
              (rules.mode == CONFITURE_CHECK_POSTGRES || rules.mode == CONFITURE_CHECK_QUOTES)))) {
            slow_fail(&r->is, CONFITURE_E_NAME, path, 0, 0);
            return;
        }
        if (!slow_text(options->on_finding != NULL ? &first : &r->is, path, file, &rules,
                       i == ends[to], &text, &left)) {
            r->is.findings++;
            if (options->on_finding == NULL) return;
            found = first.status;
            continue;
        }
        slow_separator(&body[to], name, options);
        slow_put(&body[to], text.at, text.size);
        if (text.size == 0 || text.at[text.size - 1] != '\n') slow_puts(&body[to], "\n");
        if (rules.terminate && (left.unended || left.variable)) slow_puts(&body[to], ";\n");
    }
    if (found != CONFITURE_OK) slow_fail(&r->is, found, first.path, first.line, first.offset);
    slow_sha256(stream.at, stream.size, r->stream);
    for (i = 0; i < (split ? 3u : 1u); i++) {
        bool header = options->header != NULL;
        if (split && r->counts[i] == 0 && i != CONFITURE_SPLIT_APP) header = false;
        if (header) slow_header(&r->out[i], options->header, r->stream, r->counts[i]);
        slow_put(&r->out[i], body[i].at, body[i].size);
    }
}

/* The check alone; with a callback all findings count. */
FUZZ_SLOW static void slow_check(slow_result *r, const confiture_files *files,
                                 const slow_rules *rules, bool all) {
    static slow_bytes text;
    slow_outcome first;
    size_t i;
    memset(&r->is, 0, sizeof r->is);
    memset(&first, 0, sizeof first);
    for (i = 0; i < confiture_files_count(files); i++) {
        const char *path = confiture_files_path(files, i);
        slow_open left;
        const fs_node *file;
        confiture_status status = slow_read(path, &file);
        if (status != CONFITURE_OK) {
            slow_fail(&r->is, status, path, 0, 0);
            return;
        }
        r->is.findings += !slow_text(&first, path, file, rules,
                                     i + 1 == confiture_files_count(files), &text, &left);
        if (r->is.findings > 0 && !all) break;
    }
    if (r->is.findings > 0) slow_fail(&r->is, first.status, first.path, first.line, first.offset);
}

/* The text digest: of what a build without checks has as texts. */
FUZZ_SLOW static void slow_hash_text(slow_result *r, const confiture_files *files) {
    static slow_bytes stream, text;
    slow_rules rules;
    size_t i;
    memset(&r->is, 0, sizeof r->is);
    memset(&rules, 0, sizeof rules);
    rules.mode = CONFITURE_CHECK_NONE;
    stream.size = 0;
    for (i = 0; i < confiture_files_count(files); i++) {
        const char *path = confiture_files_path(files, i), *name = confiture_files_name(files, i);
        const uint8_t *nul;
        const fs_node *file;
        slow_open left;
        confiture_status status = slow_read(path, &file);
        if (status != CONFITURE_OK) {
            slow_fail(&r->is, status, path, 0, 0);
            return;
        }
        if (!slow_text(&r->is, path, file, &rules, true, &text, &left)) return;
        nul = text.size == 0 ? NULL : (const uint8_t *)memchr(text.at, 0, text.size);
        if (nul != NULL) {
            slow_fail(&r->is, CONFITURE_E_UNCLOSED, path,
                      1 + slow_count(text.at, (size_t)(nul - text.at), '\n'), 0);
            return;
        }
        slow_put(&stream, name, strlen(name) + 1);
        slow_put(&stream, text.at, text.size);
        if (text.size == 0 || text.at[text.size - 1] != '\n') slow_puts(&stream, "\n");
        slow_put(&stream, "", 1);
    }
    slow_sha256(stream.at, stream.size, r->text);
}

/* Both digests of bytes, and the manifest. */
FUZZ_SLOW static void slow_hash(slow_result *r, const confiture_files *files) {
    static slow_bytes stream, leaves;
    size_t i;
    memset(&r->is, 0, sizeof r->is);
    stream.size = leaves.size = 0;
    for (i = 0; i < confiture_files_count(files); i++) {
        const char *path = confiture_files_path(files, i), *name = confiture_files_name(files, i);
        size_t start = stream.size;
        uint8_t leaf[32];
        const fs_node *file;
        confiture_status status = slow_read(path, &file);
        if (status != CONFITURE_OK) {
            slow_fail(&r->is, status, path, 0, 0);
            return;
        }
        slow_put(&stream, name, strlen(name) + 1);
        slow_put(&stream, file->data, file->size);
        slow_put(&stream, "", 1);
        slow_sha256(stream.at + start, stream.size - start, leaf);
        slow_put(&leaves, leaf, 32);
        slow_sha256(file->data, file->size, r->manifest[i]);
        r->sizes[i] = file->size;
    }
    slow_sha256(stream.at, stream.size, r->stream);
    slow_sha256(leaves.at, leaves.size, r->tree);
}

#endif
