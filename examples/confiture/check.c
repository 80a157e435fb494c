/* check.c: "confiture check". */
#include "command.h"

#include <string.h>

struct check_output {
    bool json;
    size_t count;
};

static void tell_finding(void *user, const confiture_finding *finding) {
    struct check_output *output = (struct check_output *)user;
    output->count++;
    if (output->json) {
        report_finding(finding);
    } else {
        put_text(finding->message);
        put_text("\n");
    }
}

int run_check(const struct options *options, const confiture_files *files) {
    confiture_check_options check;
    confiture_status status;
    confiture_error error;
    struct check_output output = {options->json, 0};
    size_t files_count = confiture_files_count(files);
    memset(&check, 0, sizeof check);
    progress_run(&check.run, options);
    check.mode = (confiture_check_mode)options->check;
    check.on_finding = tell_finding;
    check.finding_user = &output;
    if (options->json) {
        report_begin();
        json_number("files", files_count);
        json_open("findings", '[');
    }
    status = confiture_check(files, &check, &error);
    if (status && !(output.count && is_finding(status))) return report_failed(&error);
    if (options->json) {
        json_close(']');
        report_end(status ? EXIT_CHECK_FAILED : EXIT_DONE);
    } else if (!options->quiet) {
        put_flush();
        say("%zu file%s checked, %zu finding%s", files_count, files_count == 1 ? "" : "s",
            output.count, output.count == 1 ? "" : "s");
    }
    return status ? EXIT_CHECK_FAILED : EXIT_DONE;
}
