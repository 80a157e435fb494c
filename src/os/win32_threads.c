/* ---- os/win32_threads.c: the threads of os/os.h on Windows ---- */

#if defined(_WIN32) && !defined(CONFITURE_NO_THREADS)

#define CFTI_OS_HAS_THREADS true

struct cfti_mutex {
    SRWLOCK os;
};

struct cfti_condition {
    CONDITION_VARIABLE os;
};

struct cfti_thread {
    HANDLE handle;
    void *(*run)(void *);
    void *ctx;
};

static int cfti_mutex_init(cfti_mutex *mutex) {
    InitializeSRWLock(&mutex->os);
    return 0;
}
static void cfti_mutex_destroy(cfti_mutex *mutex) { (void)mutex; }
static void cfti_mutex_lock(cfti_mutex *mutex) { AcquireSRWLockExclusive(&mutex->os); }
static void cfti_mutex_unlock(cfti_mutex *mutex) { ReleaseSRWLockExclusive(&mutex->os); }
static int cfti_condition_init(cfti_condition *c) {
    InitializeConditionVariable(&c->os);
    return 0;
}
static void cfti_condition_destroy(cfti_condition *c) { (void)c; }
static void cfti_condition_wait(cfti_condition *c, cfti_mutex *mutex) {
    (void)SleepConditionVariableSRW(&c->os, &mutex->os, INFINITE, 0);
}
static void cfti_condition_signal(cfti_condition *c) { WakeConditionVariable(&c->os); }
static void cfti_condition_broadcast(cfti_condition *c) { WakeAllConditionVariable(&c->os); }

/* On 32 bits the system aligns a thread's stack to 4 bytes; the SHA-256 kernels need 16. */
#if CFTI_GNUC && defined(__i386__)
__attribute__((force_align_arg_pointer))
#endif
static DWORD WINAPI
cfti_thread_main(LPVOID arg) {
    cfti_thread *thread = (cfti_thread *)arg;
    (void)thread->run(thread->ctx);
    return 0;
}

static int cfti_thread_start(cfti_thread *thread, void *(*run)(void *), void *ctx) {
    thread->run = run;
    thread->ctx = ctx;
    thread->handle = CreateThread(NULL, (SIZE_T)512 << 10, cfti_thread_main, thread,
                                  STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    return thread->handle == NULL ? cfti_os_last_error() : 0;
}

static void cfti_thread_join(cfti_thread *thread) {
    (void)WaitForSingleObject(thread->handle, INFINITE);
    (void)CloseHandle(thread->handle);
}

#endif
