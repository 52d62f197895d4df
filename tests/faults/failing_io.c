/* Makes one system call of a program go wrong: LD_PRELOAD=libfailing_io.so FIGMENT_FAULT=CALL:N:HOW.
 * CALL: write, fsync, rename, exchange (rename by exchange), mkdir or unlink; N: which of them,
 * from 1. HOW: the name of an errno, or
 *   SHORT  write half, ZERO  write nothing, FLIP  write one bit wrong and report success,
 *   KILL   die on the spot, as by kill -9.
 * Says "fault fired" on stderr when it comes to it. Standard output and error are left alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum how { FINE, FAIL, SHORT, ZERO, FLIP };

/* Counts one use of `call` and says what is to become of it; sets errno for FAIL. */
static enum how strike(const char *call) {
  static int left = 0; /* 0: not read yet, -1: done */
  static char wanted[16], action[16];
  static const struct {
    const char *name;
    int number;
  } errors[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO},     {"EINTR", EINTR}, {"EINVAL", EINVAL},
                {"EDQUOT", EDQUOT}, {"EROFS", EROFS}, {"EACCES", EACCES}};
  if (left == 0) {
    const char *fault = getenv("FIGMENT_FAULT");
    if (fault == NULL || sscanf(fault, "%15[^:]:%d:%15s", wanted, &left, action) != 3) left = -1;
  }
  if (left < 0 || strcmp(call, wanted) != 0 || --left > 0) return FINE;
  left = -1;
  static const char fired[] = "fault fired\n";
  ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
  if (real(2, fired, sizeof fired - 1) < 0) abort();
  if (strcmp(action, "KILL") == 0) raise(SIGKILL);
  if (strcmp(action, "SHORT") == 0) return SHORT;
  if (strcmp(action, "ZERO") == 0) return ZERO;
  if (strcmp(action, "FLIP") == 0) return FLIP;
  for (size_t i = 0; i < sizeof errors / sizeof errors[0]; ++i) {
    if (strcmp(action, errors[i].name) == 0) {
      errno = errors[i].number;
      return FAIL;
    }
  }
  abort(); /* a test asked for what is not there */
}

ssize_t write(int file, const void *bytes, size_t size) {
  ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
  char wrong[4096];
  if (file <= 2) return real(file, bytes, size);
  switch (strike("write")) {
    case FINE:
      return real(file, bytes, size);
    case SHORT:
      return real(file, bytes, size > 1 ? size / 2 : size);
    case ZERO:
      return 0;
    case FLIP:
      if (size > sizeof wrong) size = sizeof wrong;
      memcpy(wrong, bytes, size);
      wrong[size / 2] ^= 4;
      return real(file, wrong, size);
    default:
      return -1;
  }
}

int fsync(int file) {
  int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
  return strike("fsync") == FINE ? real(file) : -1;
}

int rename(const char *from, const char *to) {
  int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
  return strike("rename") == FINE ? real(from, to) : -1;
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
  int (*real)(int, const char *, int, const char *, unsigned) = dlsym(RTLD_NEXT, "renameat2");
  return strike("exchange") == FINE ? real(from_folder, from, to_folder, to, flags) : -1;
}

int mkdir(const char *path, mode_t mode) {
  int (*real)(const char *, mode_t) = dlsym(RTLD_NEXT, "mkdir");
  return strike("mkdir") == FINE ? real(path, mode) : -1;
}

int unlink(const char *path) {
  int (*real)(const char *) = dlsym(RTLD_NEXT, "unlink");
  return strike("unlink") == FINE ? real(path) : -1;
}

int unlinkat(int folder, const char *path, int flags) {
  int (*real)(int, const char *, int) = dlsym(RTLD_NEXT, "unlinkat");
  return strike("unlink") == FINE ? real(folder, path, flags) : -1;
}
