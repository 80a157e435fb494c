/* report.c: errors, warnings and JSON documents. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    bool json, held;
    const char *command;
    bool differs_is_1;       /* of diff: no error has the exit code 1 */
    struct held_error error; /* the held error */
    struct {
        char **items;
        size_t count;
    } warnings;
} report;

void report_start(bool json, unsigned command) {
    report.json = json;
    report.command = command_name(command);
    report.differs_is_1 = command == COMMAND_DIFF;
}

bool report_is_json(void) { return report.json; }

void report_hold(bool hold) {
    report.held = hold;
    free(report.error.path);
    free(report.error.message);
    memset(&report.error, 0, sizeof report.error);
}

const struct held_error *report_held(void) { return report.error.message ? &report.error : NULL; }

static int exit_code(confiture_status status) {
    switch (status) {
    case CONFITURE_OK: return EXIT_DONE;
    case CONFITURE_E_NAME:
    case CONFITURE_E_ENCODING:
    case CONFITURE_E_UNCLOSED: return EXIT_CHECK_FAILED;
    default: return EXIT_ERROR;
    }
}

bool is_finding(confiture_status status) {
    return status == CONFITURE_E_ENCODING || status == CONFITURE_E_UNCLOSED;
}

/* ---- documents ---- */

void report_begin(void) {
    json_open(NULL, '{');
    if (report.command) json_text("command", report.command);
}

void report_end(int code) {
    size_t i;
    json_text("status", code == EXIT_DONE           ? "done"
                        : code == EXIT_CHECK_FAILED ? "failed"
                                                    : "error");
    json_open("warnings", '[');
    for (i = 0; i < report.warnings.count; i++) json_text(NULL, report.warnings.items[i]);
    json_close(']');
    json_close('}');
    json_end();
}

static void report_error_document(const char *path, uint64_t line, const char *message, int code) {
    if (report.held) {
        report_hold(true);
        report.error.path = path && *path ? copy_text(path) : NULL;
        report.error.line = line;
        report.error.message = copy_text(message);
    } else if (report.json) {
        json_discard();
        report_begin();
        if (path && *path) json_text("path", path);
        if (line) json_number("line", line);
        json_text("message", message);
        report_end(code);
    }
}

void report_finding(const confiture_finding *finding) {
    json_open(NULL, '{');
    json_text("severity", finding->severity == CONFITURE_SEVERITY_NOTE ? "note" : "error");
    json_text("path", finding->path);
    json_text("name", finding->name);
    if (finding->line) json_number("line", finding->line);
    json_text("what", finding->what);
    json_text("message", finding->message);
    json_close('}');
}

void findings_keep(struct findings *findings, const confiture_finding *finding) {
    confiture_finding *kept;
    /* The capacity doubles at each power of two. */
    if ((findings->count & (findings->count - 1)) == 0)
        findings->items = (confiture_finding *)reallocate(
            findings->items, (2 * findings->count + 1) * sizeof *findings->items);
    kept = &findings->items[findings->count++];
    *kept = *finding;
    kept->path = copy_text(finding->path);
    kept->name = copy_text(finding->name);
    kept->what = copy_text(finding->what);
    kept->message = copy_text(finding->message);
}

void findings_free(struct findings *findings) {
    size_t i;
    for (i = 0; i < findings->count; i++) {
        free((void *)(uintptr_t)findings->items[i].path);
        free((void *)(uintptr_t)findings->items[i].name);
        free((void *)(uintptr_t)findings->items[i].what);
        free((void *)(uintptr_t)findings->items[i].message);
    }
    free(findings->items);
    memset(findings, 0, sizeof *findings);
}

/* ---- errors and warnings ---- */

int report_failed(const confiture_error *error) {
    int number = system_signal(), code = exit_code(error->status);
    if (report.differs_is_1) code = EXIT_ERROR;
    if (error->status == CONFITURE_E_CANCELLED && number) {
        json_discard();
        progress_erase();
        return 128 + number;
    }
    say("%s", error->message);
    report_error_document(error->path, error->line, error->message, code);
    return code;
}

static int report_text(const char *path, uint64_t line, char *text) {
    struct text message = {NULL, 0, 0};
    char digits[24];
    snprintf(digits, sizeof digits, ":%llu", (unsigned long long)line);
    if (path) {
        text_add_escaped(&message, path);
        text_add_string(&message, line ? digits : "");
        text_add_string(&message, ": ");
    }
    text_add_escaped(&message, text);
    say("%s", message.data);
    report_error_document(path, line, message.data, EXIT_ERROR);
    free(message.data);
    free(text);
    return EXIT_ERROR;
}

int report_error(const char *path, const char *format, ...) {
    char *text;
    va_list args;
    va_start(args, format);
    text = format_text(format, args);
    va_end(args);
    return report_text(path, 0, text);
}

int report_error_at(const char *path, uint64_t line, const char *format, ...) {
    char *text;
    va_list args;
    va_start(args, format);
    text = format_text(format, args);
    va_end(args);
    return report_text(path, line, text);
}

void report_warning(const char *format, ...) {
    char *text;
    va_list args;
    va_start(args, format);
    text = format_text(format, args);
    va_end(args);
    say("warning: %s", text);
    if ((report.warnings.count & (report.warnings.count - 1)) == 0)
        report.warnings.items = (char **)reallocate(
            (void *)report.warnings.items, (2 * report.warnings.count + 1) * sizeof(char *));
    report.warnings.items[report.warnings.count++] = text;
}
