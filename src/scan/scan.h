/* ---- scan/scan.h: the ordered scan's contract: a chunk of a file, a consumer ---- */

/* A scan reads the files of a list, each once, and hands them to a consumer in two steps: `map`
 * runs on any worker, in any order; `fold` runs on the calling thread, strictly in list order.
 * The first failure in list order is the scan's result, whatever the other workers did. With one
 * thread and with many the consumer's folds see the same chunks in the same order. */

#define CFTI_BATCH_FILES 64 /* no batch has more */

/* A file, or a piece of a file that is too large to be read whole. */
typedef struct cfti_chunk {
    const cfti_file *file;
    size_t index; /* of the file in the scanned list */
    /* As they are in the file. Before them are `headroom` bytes that map and fold may overwrite,
     * and, if headroom is not 0, one after them. */
    uint8_t *bytes;
    size_t size;
    size_t headroom;
    uint64_t total;     /* bytes of the file up to the end of this chunk */
    uint64_t remaining; /* bytes of the file after this chunk, as far as is known */
    bool first, last;   /* chunk of its file. The last piece of a file in pieces is empty. */
    void *state;        /* the consumer's, one for each file: zero before the first map */
    void *piece_state;  /* the consumer's while a file is read in pieces; NULL for a whole file */
} cfti_chunk;

/* Any function may be NULL. A failure without a path gets that of the file. */
typedef struct cfti_consumer {
    void *ctx;
    /* Called for each chunk. Memory from the arena lives as long as the chunk's bytes: until its
     * fold, or with state_only until the end of its map. */
    confiture_status (*map)(void *ctx, cfti_chunk *chunk, cfti_arena *arena, cfti_fail *fail);
    /* Called instead of map for files that were read whole, at most CFTI_BATCH_FILES at once.
     * Requires state_only. */
    void (*map_many)(void *ctx, cfti_chunk *const *chunks, size_t count);
    /* Called before each fold: allocates what fold needs, or fails and changes nothing. A scan
     * that can free memory does so after a failure, and calls reserve again. */
    confiture_status (*reserve)(void *ctx, const cfti_chunk *chunk, cfti_fail *fail);
    confiture_status (*fold)(void *ctx, cfti_chunk *chunk, cfti_fail *fail);
    size_t state_size;
    size_t piece_state_size;
    size_t min_batch; /* the number of files from which on map_many is at its fastest */
    /* fold needs the state alone, and is called once for each file: the bytes are gone by then, and
     * any worker may map the pieces of a large file. Otherwise the caller's thread maps and folds
     * each piece in turn. */
    bool state_only;
    /* A whole file has headroom for its name and a NUL, so that a digest can hash name, NUL,
     * bytes and NUL as one run. */
    bool wants_headroom;
} cfti_consumer;

/* Scans all files of the list. */
static confiture_status cfti_scan_run(const confiture_files *files, const confiture_run *run,
                                      const cfti_consumer *consumer, cfti_fail *fail);
