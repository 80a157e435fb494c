// One file of a program holds the library.
#define CONFITURE_IMPLEMENTATION
#include <confiture.h>
