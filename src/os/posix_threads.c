/* ---- os/posix_threads.c: the threads of os/os.h on POSIX systems ---- */

#if !defined(_WIN32) && !defined(CONFITURE_NO_THREADS)

#include <pthread.h>
#include <signal.h> /* for a mask alone: the library sets no handler and sends no signal */

/* Under -std=c99 the C libraries of Linux hide sigset_t, which has 128 bytes in all of them. */
#if defined(__linux__) && !defined(__cplusplus) && !defined(SIG_BLOCK)
typedef struct cfti_signals {
    unsigned long bits[128 / sizeof(unsigned long)];
} cfti_signals;
#if defined(__mips__) || defined(__alpha__)
#define CFTI_SIG_SETMASK 3
#elif defined(__sparc__)
#define CFTI_SIG_SETMASK 4
#else
#define CFTI_SIG_SETMASK 2
#endif
int sigfillset(cfti_signals *);
int pthread_sigmask(int, const cfti_signals *, cfti_signals *);
#else
typedef sigset_t cfti_signals;
#define CFTI_SIG_SETMASK SIG_SETMASK
#if defined(__GLIBC__) && !defined(__USE_POSIX199506) && !defined(__USE_UNIX98)
int pthread_sigmask(int, const sigset_t *, sigset_t *);
#endif
#endif

#define CFTI_OS_HAS_THREADS true

struct cfti_mutex {
    pthread_mutex_t os;
};

struct cfti_condition {
    pthread_cond_t os;
};

struct cfti_thread {
    pthread_t os;
};

static int cfti_mutex_init(cfti_mutex *mutex) { return pthread_mutex_init(&mutex->os, NULL); }
static void cfti_mutex_destroy(cfti_mutex *mutex) { (void)pthread_mutex_destroy(&mutex->os); }
static void cfti_mutex_lock(cfti_mutex *mutex) { (void)pthread_mutex_lock(&mutex->os); }
static void cfti_mutex_unlock(cfti_mutex *mutex) { (void)pthread_mutex_unlock(&mutex->os); }
static int cfti_condition_init(cfti_condition *c) { return pthread_cond_init(&c->os, NULL); }
static void cfti_condition_destroy(cfti_condition *c) { (void)pthread_cond_destroy(&c->os); }
static void cfti_condition_wait(cfti_condition *c, cfti_mutex *mutex) {
    (void)pthread_cond_wait(&c->os, &mutex->os);
}
static void cfti_condition_signal(cfti_condition *c) { (void)pthread_cond_signal(&c->os); }
static void cfti_condition_broadcast(cfti_condition *c) { (void)pthread_cond_broadcast(&c->os); }

/* Small, for many threads in a small address space; eight times what the library needs, for the
 * caller's allocator and for thread-local variables, which glibc keeps on the stack. */
#define CFTI_THREAD_STACK ((size_t)512 << 10)

static int cfti_thread_create(cfti_thread *thread, void *(*run)(void *), void *ctx) {
    pthread_attr_t attributes;
    size_t size;
    int error = pthread_attr_init(&attributes);
    if (error != 0) return error;
    if (pthread_attr_getstacksize(&attributes, &size) == 0 && size > CFTI_THREAD_STACK)
        (void)pthread_attr_setstacksize(&attributes, CFTI_THREAD_STACK);
    error = pthread_create(&thread->os, &attributes, run, ctx);
    (void)pthread_attr_destroy(&attributes);
    return error;
}

/* The thread starts with all signals blocked: a handler of the host never runs on it, and a signal
 * that the host awaits by sigwait() or signalfd() finds no thread to kill the process in. */
static int cfti_thread_start(cfti_thread *thread, void *(*run)(void *), void *ctx) {
    cfti_signals all, before;
    int error;
    (void)sigfillset(&all);
    error = pthread_sigmask(CFTI_SIG_SETMASK, &all, &before);
    if (error != 0) return error;
    error = cfti_thread_create(thread, run, ctx);
    /* Static thread-local variables may need a larger stack. */
    if (error == EINVAL) error = pthread_create(&thread->os, NULL, run, ctx);
    (void)pthread_sigmask(CFTI_SIG_SETMASK, &before, NULL);
    return error;
}

static void cfti_thread_join(cfti_thread *thread) { (void)pthread_join(thread->os, NULL); }

static int cfti_cancel_disable(void) {
    int before = 0;
#if defined(PTHREAD_CANCEL_DISABLE)
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
#endif
    return before;
}

static void cfti_cancel_restore(int before) {
#if defined(PTHREAD_CANCEL_DISABLE)
    (void)pthread_setcancelstate(before, NULL);
#else
    (void)before;
#endif
}

#endif
