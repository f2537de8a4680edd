import ApusConfig
import ApusSystem
import Testing

struct GlobTests {
  @Test(arguments: [
    ("a.yml", "*.yml", true), ("a.yaml", "*.yml", false), ("abc", "a?c", true),
    ("abc", "a[b-d]c", true), ("abc", "a[^b]c", false), ("a*c", "a\\*c", true),
    ("abc", "a\\*c", false), ("abxbc", "a*bc", true), ("", "*", true), ("abc", "a[b", false),
    ("a]c", "a[]]c", true), ("a-c", "a[-x]c", true),
  ])
  func `names match as in Go`(name: String, pattern: String, expected: Bool) {
    #expect(Glob.matches(name, pattern) == expected)
  }

  @Test func `a pattern expands to the files that exist, in order`() throws {
    let files = MemoryFileSystem()
    for path in ["d/b.yml", "d/a.yml", "d/c.txt", "e/f.yml"] {
      try files.makeDirectory(ConfigPath.parent(of: path))
      try files.write(path, Array("x".utf8))
    }
    #expect(Glob.expand("d/*.yml", files: files) == ["d/a.yml", "d/b.yml"])
    #expect(Glob.expand("?/*.yml", files: files) == ["d/a.yml", "d/b.yml", "e/f.yml"])
    #expect(Glob.expand("d/a.yml", files: files) == ["d/a.yml"])
    #expect(Glob.expand("d/none.yml", files: files) == [])
    #expect(Glob.expand("none/*.yml", files: files) == [])
  }
}
