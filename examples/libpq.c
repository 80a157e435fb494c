/* Loads the SQL files below a directory into PostgreSQL, all or nothing, and names the file and the
 * line of an error.
 *     cc -I. examples/libpq.c -o load -pthread $(pkg-config --cflags --libs libpq)
 *     ./load db/schema "host=/run/postgresql dbname=shop"
 * Without a second argument PGHOST, PGDATABASE and their like name the server.
 *
 * PQexec() sends SQL to the server, which knows neither the backslash commands of psql nor the data
 * after COPY ... FROM stdin: both are syntax errors here. VACUUM, and what else refuses to run in a
 * transaction, is an error, too.
 *
 * One transaction holds all files, so an error undoes them all. A file that ends it, by a COMMIT or
 * ROLLBACK of its own, is an error, too; what it has committed stays.
 *
 * Each file has a PQexec() of its own. The server gives a position for what it cannot parse or
 * resolve, but none for what fails when it runs, such as a duplicate key: then at least the file is
 * known. */
#define CONFITURE_IMPLEMENTATION
#include "confiture.h"
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct load {
    PGconn *server;
    confiture_map map;
    size_t entry;    /* of the map; its count: no file */
    const char *sql; /* what the server is running */
};

/* The line of the file at which the server points; 0: none. The server counts characters from 1, or
 * bytes in a database without an encoding; what lies after the text counts as its last line. */
static uint64_t line_at(const struct load *load, long position) {
    const char *encoding = PQparameterStatus(load->server, "server_encoding"), *at = load->sql;
    bool bytes = encoding != NULL && strcmp(encoding, "SQL_ASCII") == 0;
    uint64_t line = load->map.entries[load->entry].separator_line;
    for (; at[0] != '\0' && at[1] != '\0'; at++) {
        if ((bytes || (*at & 0xC0) != 0x80) && --position <= 0) break;
        if (*at == '\n') line++;
    }
    return confiture_map_find(&load->map, line).line;
}

/* Prints an error or, as a PQnoticeReceiver, a notice. */
static void report(void *user, const PGresult *result) {
    static const struct {
        int field;
        const char *label;
    } more[] = {{PG_DIAG_MESSAGE_DETAIL, "DETAIL"},
                {PG_DIAG_MESSAGE_HINT, "HINT"},
                {PG_DIAG_CONTEXT, "CONTEXT"}};
    const struct load *load = (const struct load *)user;
    bool in_file = load->entry < load->map.count;
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    uint64_t line = in_file && position != NULL ? line_at(load, atol(position)) : 0;
    size_t i;
    /* An error without fields is libpq's; none at all means a COPY that waits for the client. */
    if (message == NULL) message = PQerrorMessage(load->server);
    if (*message == '\0') message = PQresStatus(PQresultStatus(result));
    fputs(in_file ? load->map.entries[load->entry].path : load->sql, stderr);
    if (line != 0) fprintf(stderr, ":%lu", (unsigned long)line);
    fprintf(stderr, ": %s: %s\n", severity != NULL ? severity : "ERROR", message);
    for (i = 0; i < sizeof more / sizeof *more; i++) {
        const char *text = PQresultErrorField(result, more[i].field);
        if (text != NULL) fprintf(stderr, "%s: %s\n", more[i].label, text);
    }
}

/* If `value` is not NULL, it receives the first column of the first row. */
static bool run(struct load *load, const char *sql, char value[32]) {
    PGresult *result = PQexec(load->server, load->sql = sql);
    ExecStatusType status = PQresultStatus(result);
    bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ||
                status == PGRES_EMPTY_QUERY; /* a file of comments */
    if (!good) report(load, result);
    else if (value != NULL) snprintf(value, 32, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
    return good;
}

/* Runs the text of each file, with its separator: the lines of the map say where it ends. */
static bool run_files(struct load *load, char *schema) {
    static const char which[] = "SELECT txid_current()";
    const confiture_map *map = &load->map;
    char ours[32], now[32];
    if (!run(load, "BEGIN", NULL) || !run(load, which, ours)) return false;
    for (load->entry = 0; load->entry < map->count; load->entry++) {
        const confiture_map_entry *entry = &map->entries[load->entry];
        uint64_t line = entry->separator_line;
        bool is_last = load->entry + 1 == map->count;
        uint64_t next = is_last ? map->line_count + 1 : entry[1].separator_line;
        char *end = schema, first;
        bool good, ended;
        for (; line < next; line++) end = strchr(end, '\n') + 1;
        first = *end;
        *end = '\0';
        /* A file may have set another one. */
        if (PQclientEncoding(load->server) != pg_char_to_encoding("UTF8"))
            PQsetClientEncoding(load->server, "UTF8");
        good = run(load, schema, NULL);
        *end = first;
        ended = PQtransactionStatus(load->server) == PQTRANS_IDLE;
        if (good && !ended) {
            if (!run(load, which, now)) return false;
            ended = strcmp(ours, now) != 0;
        }
        if (ended)
            fprintf(stderr, "%s: ends the transaction: expected neither COMMIT nor ROLLBACK\n",
                    entry->path);
        if (!good || ended) return false;
        schema = end;
    }
    return run(load, "COMMIT", NULL);
}

int main(int argc, char **argv) {
    confiture_files *files = NULL;
    confiture_build_options options;
    confiture_schema schema;
    confiture_error error;
    struct load load;
    bool good = false;
    memset(&options, 0, sizeof options);
    memset(&schema, 0, sizeof schema);
    memset(&load, 0, sizeof load);
    options.map = &load.map;
    if (confiture_find(&files, argc > 1 ? argv[1] : "db/schema", NULL, &error) ||
        confiture_build(&schema, files, &options, &error)) {
        fprintf(stderr, "%s\n", error.message);
    } else {
        load.entry = load.map.count;
        load.sql = "PostgreSQL";
        load.server = PQconnectdb(argc > 2 ? argv[2] : "");
        PQsetNoticeReceiver(load.server, report, &load);
        if (PQstatus(load.server) != CONNECTION_OK || PQsetClientEncoding(load.server, "UTF8") != 0)
            fputs(PQerrorMessage(load.server), stderr);
        else good = run_files(&load, schema.data);
        PQfinish(load.server);
    }
    if (good) printf("%lu files, %s\n", (unsigned long)schema.file_count, schema.digest_hex);
    confiture_map_free(&load.map);
    confiture_schema_free(&schema);
    confiture_files_free(files);
    return good ? 0 : 1;
}
