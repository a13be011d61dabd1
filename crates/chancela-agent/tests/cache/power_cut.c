/* A disk whose power is cut, for LD_PRELOAD, as far as the cache uses one: a file is written beside its place, made
 * durable and moved there, and its folder is made durable.
 *
 * At the cut, what was written and not made durable is gone, and of moves that the folder's fsync does not cover every
 * second is taken back.
 *
 * CUT_AFTER=n     cut before the nth write, fsync or move
 * CUT_NO_FSYNC=1  fsync does nothing and succeeds (the control)
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FDS = 4096 };

static int is_new[FDS], dirty, moved, had_before;
static char dirty_path[PATH_MAX], target[PATH_MAX], before[PATH_MAX + 8];
static unsigned long steps;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static unsigned long number(const char *name) {
    const char *value = getenv(name);
    return value ? strtoul(value, NULL, 10) : 0;
}

static int ends(const char *path, const char *end) {
    size_t length = strlen(path), tail = strlen(end);
    return length >= tail && strcmp(path + length - tail, end) == 0;
}

static void step(void) {
    if (++steps != number("CUT_AFTER")) return;
    if (moved && steps % 2) {
        if (dirty && strcmp(dirty_path, target) == 0) dirty = 0;
        if ((had_before ? REAL(rename)(before, target) : unlink(target)) != 0) _exit(98);
    }
    if (dirty && truncate(dirty_path, 0) != 0) _exit(98);
    _exit(99);
}

#define OPEN(name)                                                        \
    int name(const char *path, int flags, ...) {                          \
        va_list rest;                                                     \
        va_start(rest, flags);                                            \
        int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0; \
        va_end(rest);                                                     \
        int fd = REAL(name)(path, flags, mode);                           \
        if (fd >= 0 && fd < FDS && (is_new[fd] = ends(path, ".new")))     \
            snprintf(dirty_path, sizeof dirty_path, "%s", path);          \
        return fd;                                                        \
    }
OPEN(open)
OPEN(open64)

ssize_t write(int fd, const void *bytes, size_t length) {
    if (fd >= 0 && fd < FDS && is_new[fd]) step(), dirty = 1;
    return REAL(write)(fd, bytes, length);
}

int fsync(int fd) {
    struct stat stat;
    if (fstat(fd, &stat) != 0) _exit(98);
    step();
    if (number("CUT_NO_FSYNC")) return 0;
    if (REAL(fsync)(fd) != 0) _exit(98);
    if (S_ISDIR(stat.st_mode)) moved = 0;
    else dirty = 0;
    return 0;
}

int rename(const char *from, const char *to) {
    step();
    if (!moved) {
        snprintf(target, sizeof target, "%s", to);
        snprintf(before, sizeof before, "%s.before", to);
        unlink(before);
        had_before = link(to, before) == 0;
        moved = 1;
    }
    if (dirty) snprintf(dirty_path, sizeof dirty_path, "%s", to);
    return REAL(rename)(from, to);
}
