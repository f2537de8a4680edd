#include "CRE2.h"

#include <re2/re2.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

struct apus_re2 {
  re2::RE2 re;
  apus_re2(const re2::StringPiece &pattern, const re2::RE2::Options &options)
      : re(pattern, options) {}
};

extern "C" {

apus_re2 *apus_re2_compile(const char *pattern, size_t length, char *error,
                           size_t error_capacity) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  options.set_max_mem(32 << 20);
  auto *made = new apus_re2(re2::StringPiece(pattern, length), options);
  if (made->re.ok()) return made;
  if (error_capacity > 0) {
    std::strncpy(error, made->re.error().c_str(), error_capacity - 1);
    error[error_capacity - 1] = 0;
  }
  delete made;
  return nullptr;
}

void apus_re2_free(apus_re2 *re) { delete re; }

int apus_re2_full_match(const apus_re2 *re, const char *text, size_t length) {
  return re->re.Match(re2::StringPiece(text, length), 0, length, re2::RE2::ANCHOR_BOTH, nullptr,
                      0);
}

int apus_re2_groups(const apus_re2 *re) { return re->re.NumberOfCapturingGroups(); }

int apus_re2_group_number(const apus_re2 *re, const char *name, size_t length) {
  const auto &names = re->re.NamedCapturingGroups();
  auto found = names.find(std::string(name, length));
  return found == names.end() ? -1 : found->second;
}

int apus_re2_match(const apus_re2 *re, const char *text, size_t length, size_t start,
                   int anchored, long *spans, int count) {
  std::vector<re2::StringPiece> groups(count);
  auto anchor = anchored ? re2::RE2::ANCHOR_BOTH : re2::RE2::UNANCHORED;
  if (!re->re.Match(re2::StringPiece(text, length), start, length, anchor, groups.data(), count))
    return 0;
  for (int i = 0; i < count; i++) {
    if (groups[i].data() == nullptr) {
      spans[2 * i] = spans[2 * i + 1] = -1;
    } else {
      spans[2 * i] = groups[i].data() - text;
      spans[2 * i + 1] = spans[2 * i] + groups[i].size();
    }
  }
  return 1;
}
}
