/* ---- os/no_threads.c: the threads of os/os.h under CONFITURE_NO_THREADS ---- */

#if defined(CONFITURE_NO_THREADS)

#define CFTI_OS_HAS_THREADS false

struct cfti_mutex {
    char unused;
};

struct cfti_condition {
    char unused;
};

struct cfti_thread {
    char unused;
};

static int cfti_mutex_init(cfti_mutex *mutex) {
    (void)mutex;
    return 0;
}
static void cfti_mutex_destroy(cfti_mutex *mutex) { (void)mutex; }
static void cfti_mutex_lock(cfti_mutex *mutex) { (void)mutex; }
static void cfti_mutex_unlock(cfti_mutex *mutex) { (void)mutex; }
static int cfti_condition_init(cfti_condition *c) {
    (void)c;
    return 0;
}
static void cfti_condition_destroy(cfti_condition *c) { (void)c; }
static void cfti_condition_wait(cfti_condition *c, cfti_mutex *mutex) {
    (void)c;
    (void)mutex;
}
static void cfti_condition_signal(cfti_condition *c) { (void)c; }
static void cfti_condition_broadcast(cfti_condition *c) { (void)c; }

static int cfti_thread_start(cfti_thread *thread, void *(*run)(void *), void *ctx) {
    (void)thread;
    (void)run;
    (void)ctx;
    return CFTI_OS_NO_MEMORY;
}

static void cfti_thread_join(cfti_thread *thread) { (void)thread; }

#endif

#if defined(CONFITURE_NO_THREADS) || defined(_WIN32) /* Windows cancels no thread */
static int cfti_cancel_disable(void) { return 0; }
static void cfti_cancel_restore(int before) { (void)before; }
#endif
