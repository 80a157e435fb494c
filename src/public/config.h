/* ---- public/config.h: the user's macros, the version, the linkage ---- */

#define CONFITURE_VERSION_MAJOR 0
#define CONFITURE_VERSION_MINOR 2
#define CONFITURE_VERSION_PATCH 0
#define CONFITURE_VERSION "0.2.0"
/* For comparisons, also in #if: 10203 is 1.2.3. */
#define CONFITURE_VERSION_NUMBER                                                                   \
    (CONFITURE_VERSION_MAJOR * 10000 + CONFITURE_VERSION_MINOR * 100 + CONFITURE_VERSION_PATCH)

/* The linkage of every function. CONFITURE_STATIC makes all functions private to the file that
 * implements them, so that several files of one program can each hold an implementation. Without
 * it the user can define CONFITURE_API, for example as __declspec(dllexport). */
#if defined(CONFITURE_STATIC)
#undef CONFITURE_API
#if defined(__GNUC__) || defined(__clang__)
#define CONFITURE_API static __attribute__((unused))
#else
#define CONFITURE_API static
#endif
#elif !defined(CONFITURE_API)
#define CONFITURE_API extern
#endif
