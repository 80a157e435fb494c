/* check.c: "confiture check". */
#include "command.h"

#include <stdlib.h>
#include <string.h>

/* Notes are kept, to be told after the findings. */
struct check_output {
    bool json;
    size_t count, note_count;
    confiture_finding *notes;
};

static char *copy(const char *text) {
    size_t size = strlen(text) + 1;
    return (char *)memcpy(allocate(size), text, size);
}

static void keep_note(struct check_output *output, const confiture_finding *finding) {
    confiture_finding *kept;
    /* Twice as many whenever they are as many as a power of two. */
    if ((output->note_count & (output->note_count - 1)) == 0)
        output->notes = (confiture_finding *)reallocate(
            output->notes, (2 * output->note_count + 1) * sizeof *output->notes);
    kept = &output->notes[output->note_count++];
    *kept = *finding;
    kept->path = copy(finding->path);
    kept->name = copy(finding->name);
    kept->what = copy(finding->what);
    kept->message = copy(finding->message);
}

static void tell(const struct check_output *output, const confiture_finding *finding) {
    if (output->json) {
        report_finding(finding);
    } else {
        put_text(finding->message);
        put_text("\n");
    }
}

static void tell_finding(void *user, const confiture_finding *finding) {
    struct check_output *output = (struct check_output *)user;
    if (finding->severity == CONFITURE_SEVERITY_NOTE) {
        keep_note(output, finding);
    } else {
        output->count++;
        tell(output, finding);
    }
}

static void tell_notes(const struct check_output *output) {
    size_t i;
    for (i = 0; i < output->note_count; i++) {
        confiture_finding *note = &output->notes[i];
        tell(output, note);
        free((void *)(uintptr_t)note->path);
        free((void *)(uintptr_t)note->name);
        free((void *)(uintptr_t)note->what);
        free((void *)(uintptr_t)note->message);
    }
    free(output->notes);
}

int run_check(const struct options *options, const confiture_files *files) {
    confiture_check_options check;
    confiture_status status;
    confiture_error error;
    struct check_output output = {options->json, 0, 0, NULL};
    size_t files_count = confiture_files_count(files);
    int code;
    memset(&check, 0, sizeof check);
    progress_run(&check.run, options);
    check.mode = (confiture_check_mode)options->check;
    check.terminate = options->terminate;
    check.strip_bom = options->strip_bom;
    check.no_notes = options->no_notes;
    check.on_finding = tell_finding;
    check.finding_user = &output;
    if (options->json) {
        report_begin();
        json_number("files", files_count);
        json_open("findings", '[');
    }
    status = confiture_check(files, &check, &error);
    if (status && !(output.count && is_finding(status))) return report_failed(&error);
    tell_notes(&output);
    code = status || (options->strict && output.note_count) ? EXIT_CHECK_FAILED : EXIT_DONE;
    if (options->json) {
        json_close(']');
        report_end(code);
    } else if (!options->quiet) {
        put_flush();
        say("%zu file%s checked, %zu finding%s, %zu note%s", files_count,
            files_count == 1 ? "" : "s", output.count, output.count == 1 ? "" : "s",
            output.note_count, output.note_count == 1 ? "" : "s");
    }
    return code;
}
