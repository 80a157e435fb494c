/* check.c: "confiture check". */
#include "command.h"

#include <stdlib.h>
#include <string.h>

struct check_output {
    bool json;
    size_t count;
    struct findings notes; /* printed after the findings */
};

static void print_finding(const struct check_output *output, const confiture_finding *finding) {
    if (output->json) {
        report_finding(finding);
    } else {
        put_text(finding->message);
        put_text("\n");
    }
}

static void on_finding(void *user, const confiture_finding *finding) {
    struct check_output *output = (struct check_output *)user;
    if (finding->severity == CONFITURE_SEVERITY_NOTE) {
        findings_keep(&output->notes, finding);
    } else {
        output->count++;
        print_finding(output, finding);
    }
}

int run_check(const struct options *options, const confiture_files *files) {
    confiture_check_options check;
    confiture_status status;
    confiture_error error;
    struct check_output output = {options->json, 0, {NULL, 0}};
    size_t files_count = confiture_files_count(files), notes, i;
    int code;
    memset(&check, 0, sizeof check);
    progress_run(&check.run, options);
    check.mode = (confiture_check_mode)options->check;
    check.terminate = options->terminate;
    check.strip_bom = options->strip_bom;
    check.no_notes = options->no_notes;
    check.on_finding = on_finding;
    check.finding_user = &output;
    if (options->json) {
        report_begin();
        json_number("files", files_count);
        json_open("findings", '[');
    }
    status = confiture_check(files, &check, &error);
    if (status && !(output.count && is_finding(status))) return report_failed(&error);
    notes = output.notes.count;
    for (i = 0; i < notes; i++) print_finding(&output, &output.notes.items[i]);
    findings_free(&output.notes);
    code = status || (options->strict && notes) ? EXIT_CHECK_FAILED : EXIT_DONE;
    if (options->json) {
        json_close(']');
        report_end(code);
    } else if (!options->quiet) {
        put_flush();
        say("%zu file%s checked, %zu finding%s, %zu note%s", files_count,
            files_count == 1 ? "" : "s", output.count, output.count == 1 ? "" : "s", notes,
            notes == 1 ? "" : "s");
    }
    return code;
}
