#define _GNU_SOURCE
#include "CIntrinsics.h"

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <string.h>
#include <sys/vfs.h>

static uint32_t table[8][256];
static int has_instruction;

static void make_table(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; bit++) c = (c >> 1) ^ (0x82F63B78u & (0u - (c & 1)));
    table[0][i] = c;
  }
  for (int k = 1; k < 8; k++)
    for (uint32_t i = 0; i < 256; i++)
      table[k][i] = (table[k - 1][i] >> 8) ^ table[0][table[k - 1][i] & 0xFF];
}

__attribute__((constructor)) static void prepare(void) {
  make_table();
#if defined(__x86_64__)
  __builtin_cpu_init();
  has_instruction = __builtin_cpu_supports("sse4.2");
#endif
}

static uint32_t by_table(uint32_t c, const uint8_t *p, size_t n) {
  while (n >= 8) {
    uint64_t w;
    memcpy(&w, p, 8);
    w ^= c;
    c = table[7][w & 0xFF] ^ table[6][(w >> 8) & 0xFF] ^ table[5][(w >> 16) & 0xFF] ^
        table[4][(w >> 24) & 0xFF] ^ table[3][(w >> 32) & 0xFF] ^ table[2][(w >> 40) & 0xFF] ^
        table[1][(w >> 48) & 0xFF] ^ table[0][w >> 56];
    p += 8;
    n -= 8;
  }
  while (n-- > 0) c = (c >> 8) ^ table[0][(c ^ *p++) & 0xFF];
  return c;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const uint8_t *p,
                                                                 size_t n) {
  uint64_t c = crc;
  while (n >= 8) {
    uint64_t w;
    memcpy(&w, p, 8);
    c = __builtin_ia32_crc32di(c, w);
    p += 8;
    n -= 8;
  }
  uint32_t r = (uint32_t)c;
  while (n-- > 0) r = __builtin_ia32_crc32qi(r, *p++);
  return r;
}
#endif

uint32_t apus_crc32c(uint32_t crc, const void *bytes, size_t length) {
  uint32_t c = ~crc;
#if defined(__x86_64__)
  if (has_instruction) return ~by_instruction(c, bytes, length);
#endif
  return ~by_table(c, bytes, length);
}

int apus_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }

int64_t apus_file_system_kind(int descriptor) {
  struct statfs found;
  if (fstatfs(descriptor, &found) != 0) return -1;
  return (int64_t)(uint32_t)found.f_type;
}

void apus_release_free_memory(void) { malloc_trim(0); }

void apus_tune_malloc(void) { mallopt(M_ARENA_MAX, 2); }

void apus_name_thread(const char *name) {
  char kept[16];
  strncpy(kept, name, 15);
  kept[15] = 0;
  pthread_setname_np(pthread_self(), kept);
}
