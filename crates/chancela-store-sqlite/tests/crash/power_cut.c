/* A disk whose power is cut, for LD_PRELOAD.
 *
 * Keeps what stood in the store's files before every write and truncation that no finished fsync covers yet. At the
 * cut it puts that back and ends the process: what the program had not made durable is gone. Also: an fsync that
 * does nothing (the control), one that fails, and a full disk.
 *
 * Taken for granted: directory operations are durable at once, and a finished fsync is true.
 *
 * CUT_AFTER=n       cut at the nth write
 * CUT_SEED=s        keep a random half of the 4 KiB blocks instead of losing all (0)
 * CUT_NO_FSYNC=1    fsync does nothing and succeeds
 * CUT_FSYNC_FAIL=n  the nth fsync fails with EIO
 * CUT_FULL=path     while this file exists, writes that would grow a file fail with ENOSPC
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 4096, FDS = 4096, FILES = 64 };

struct undo {
    struct undo *older;
    unsigned long number;
    int file;
    off_t at;
    size_t length;
    char old[];
};

/* `fd` is a duplicate that is never closed; `durable` is the size that a finished fsync covers. */
static struct {
    ino_t inode;
    int fd;
    off_t durable;
} files[FILES];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct undo *newest;
static int count, file_of[FDS]; /* 0: not ours */
static unsigned long writes, syncs;

static unsigned long number(const char *name) {
    const char *value = getenv(name);
    return value ? strtoul(value, NULL, 10) : 0;
}

#define REAL(name) ((__typeof__(&name))real(#name))
static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

static off_t size_of(int fd) {
    struct stat stat;
    return fstat(fd, &stat) == 0 ? stat.st_size : 0;
}

static int kept(uint64_t seed, int file, off_t block) {
    uint64_t z = seed * 0x9e3779b97f4a7c15u + (uint64_t)file * 0xbf58476d1ce4e5b9u + (uint64_t)block;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z >> 33) & 1;
}

static void cut(void) {
    unsigned long seed = number("CUT_SEED");
    for (struct undo *undo = newest; undo; undo = undo->older)
        for (size_t done = 0, part; done < undo->length; done += part) {
            off_t at = undo->at + (off_t)done;
            part = BLOCK - (size_t)(at % BLOCK);
            if (part > undo->length - done) part = undo->length - done;
            if (seed && kept(seed, undo->file, at / BLOCK)) continue;
            if (REAL(pwrite)(files[undo->file].fd, undo->old + done, part, at) < 0) _exit(98);
        }
    for (int file = 1; !seed && file <= count; file++)
        if (REAL(ftruncate)(files[file].fd, files[file].durable) != 0) _exit(98);
    _exit(99);
}

static void remember(int file, int fd, off_t at, size_t length) {
    struct undo *undo = calloc(1, sizeof *undo + length);
    if (!undo) _exit(98);
    if (pread(fd, undo->old, length, at) < 0) _exit(98); /* beyond the end: zeros */
    undo->older = newest, undo->number = ++writes, undo->file = file, undo->at = at, undo->length = length;
    newest = undo;
    unsigned long after = number("CUT_AFTER");
    if (after && writes >= after) cut();
}

static void forget(int file, unsigned long until) {
    struct undo **link = &newest;
    while (*link) {
        struct undo *undo = *link;
        if (undo->file == file && undo->number <= until) *link = undo->older, free(undo);
        else link = &undo->older;
    }
}

static int file(int fd) { return fd >= 0 && fd < FDS ? file_of[fd] : 0; }

static int full(int fd, off_t end) {
    const char *flag = getenv("CUT_FULL");
    return flag && access(flag, F_OK) == 0 && end > size_of(fd);
}

static int opened(int fd, const char *path, int flags) {
    const char *name = strstr(path, "chancela.db");
    if (fd < 0 || fd >= FDS || !name || strstr(name, "-shm")) return fd;
    struct stat stat;
    if (fstat(fd, &stat) != 0) _exit(98);
    pthread_mutex_lock(&lock);
    int file = 1;
    while (file <= count && files[file].inode != stat.st_ino) file++;
    if (file > count && (flags & O_ACCMODE) != O_RDONLY) {
        if (++count == FILES) _exit(98);
        files[file].inode = stat.st_ino, files[file].fd = dup(fd), files[file].durable = stat.st_size;
    }
    file_of[fd] = file <= count ? file : 0;
    pthread_mutex_unlock(&lock);
    return fd;
}

#define OPEN(name)                                                       \
    int name(const char *path, int flags, ...) {                         \
        va_list rest;                                                    \
        va_start(rest, flags);                                           \
        int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0; \
        va_end(rest);                                                    \
        return opened(REAL(name)(path, flags, mode), path, flags);       \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    if (file(fd)) file_of[fd] = 0;
    return REAL(close)(fd);
}

#define PWRITE(name)                                                        \
    ssize_t name(int fd, const void *bytes, size_t length, off_t at) {      \
        if (!file(fd)) return REAL(name)(fd, bytes, length, at);            \
        if (full(fd, at + (off_t)length)) return errno = ENOSPC, -1;        \
        pthread_mutex_lock(&lock);                                          \
        remember(file(fd), fd, at, length);                                 \
        ssize_t done = REAL(name)(fd, bytes, length, at);                   \
        pthread_mutex_unlock(&lock);                                        \
        return done;                                                        \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

ssize_t write(int fd, const void *bytes, size_t length) {
    if (!file(fd)) return REAL(write)(fd, bytes, length);
    off_t at = lseek(fd, 0, SEEK_CUR);
    if (full(fd, at + (off_t)length)) return errno = ENOSPC, -1;
    pthread_mutex_lock(&lock);
    remember(file(fd), fd, at, length);
    ssize_t done = REAL(write)(fd, bytes, length);
    pthread_mutex_unlock(&lock);
    return done;
}

#define FTRUNCATE(name)                                                   \
    int name(int fd, off_t length) {                                      \
        if (!file(fd)) return REAL(name)(fd, length);                     \
        pthread_mutex_lock(&lock);                                        \
        off_t old = size_of(fd);                                          \
        if (length < old) remember(file(fd), fd, length, old - length);   \
        int done = REAL(name)(fd, length);                                \
        pthread_mutex_unlock(&lock);                                      \
        return done;                                                      \
    }
FTRUNCATE(ftruncate)
FTRUNCATE(ftruncate64)

#define SYNC(name)                                                        \
    int name(int fd) {                                                    \
        if (!file(fd)) return REAL(name)(fd);                             \
        if (number("CUT_NO_FSYNC")) return 0;                             \
        pthread_mutex_lock(&lock);                                        \
        unsigned long until = writes, fail = number("CUT_FSYNC_FAIL");    \
        off_t size = size_of(fd);                                         \
        int fails = fail && ++syncs >= fail;                              \
        pthread_mutex_unlock(&lock);                                      \
        if (fails) return errno = EIO, -1;                                \
        int done = REAL(name)(fd);                                        \
        if (done != 0) return done;                                       \
        pthread_mutex_lock(&lock);                                        \
        forget(file(fd), until);                                          \
        files[file(fd)].durable = size;                                   \
        pthread_mutex_unlock(&lock);                                      \
        return done;                                                      \
    }
SYNC(fsync)
SYNC(fdatasync)
