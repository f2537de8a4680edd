// What Swift cannot spell: CRC32C by instruction, variadic system calls, malloc's knobs.
#ifndef APUS_CINTRINSICS_H
#define APUS_CINTRINSICS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// CRC-32C (Castagnoli) of `length` bytes, continued from `crc` (0 to begin). By instruction
/// where the processor has it, by table elsewhere.
uint32_t apus_crc32c(uint32_t crc, const void *bytes, size_t length);

/// Asks for the cache line at an address that will be written soon; any address will do.
static inline void apus_prefetch(const void *address) { __builtin_prefetch(address, 1, 3); }

/// open(2) with a mode; returns a descriptor, or -1 with errno set.
int apus_open(const char *path, int flags, mode_t mode);

/// The number of the kind of file system that a file lies on (statfs(2)), or -1 with errno set.
int64_t apus_file_system_kind(int descriptor);

/// Gives freed heap memory back to the system (malloc_trim).
void apus_release_free_memory(void);

/// Keeps the number of malloc arenas small, so that freed memory is found again.
void apus_tune_malloc(void);

/// Names the calling thread, as top -H shows it; 15 bytes are kept.
void apus_name_thread(const char *name);

#endif
