// RE2 behind a C face.
#ifndef APUS_CRE2_H
#define APUS_CRE2_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct apus_re2 apus_re2;

/// Compiles a pattern; NULL with a message in `error` (at most `error_capacity` bytes, ended by
/// a zero) if it is not valid.
apus_re2 *apus_re2_compile(const char *pattern, size_t length, char *error,
                           size_t error_capacity);

void apus_re2_free(apus_re2 *re);

/// 1 if the pattern, anchored at both ends, matches the whole text.
int apus_re2_full_match(const apus_re2 *re, const char *text, size_t length);

/// Number of capturing groups.
int apus_re2_groups(const apus_re2 *re);

/// The number of the group with this name; -1 if there is none.
int apus_re2_group_number(const apus_re2 *re, const char *name, size_t length);

/// Leftmost match at or after `start`. Fills `spans` with 2 offsets for each of the groups
/// 0..<count (-1, -1 for a group that did not take part); returns 1 on a match.
/// `anchored` 1 asks for a match of the whole text.
int apus_re2_match(const apus_re2 *re, const char *text, size_t length, size_t start,
                   int anchored, long *spans, int count);

#ifdef __cplusplus
}
#endif
#endif
