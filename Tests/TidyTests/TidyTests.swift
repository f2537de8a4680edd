import Testing

@Suite struct TidyTests {
  @Test func `every file keeps to the style of docs STYLE`() throws {
    let files = try SourceTree.files()
    #expect(files.count > 50, "the source tree was not found")
    let findings = files.flatMap(TidyRules.all)
    #expect(findings.isEmpty, "\n\(findings.map(\.description).joined(separator: "\n"))\n")
  }

  @Test func `every import follows an arrow of the house`() throws {
    let findings = try SourceTree.files().flatMap(Arrows.check)
    #expect(findings.isEmpty, "\n\(findings.map(\.description).joined(separator: "\n"))\n")
  }
}

/// The checks themselves, each on a file that breaks its rule.
@Suite struct TidyRulesTests {
  private func file(_ lines: [String], path: String = "Sources/ApusModel/X.swift") -> SourceFile {
    SourceFile(path: path, lines: lines)
  }

  @Test func `a file of 501 lines is too long and one of 500 is not`() {
    let lines = [String](repeating: "let a = 1", count: 500)
    #expect(TidyRules.lengths(file(lines + [""])).isEmpty)
    #expect(TidyRules.lengths(file(lines + ["let b = 2", ""])).count == 1)
  }

  @Test func `a line of 101 columns is too long`() {
    #expect(TidyRules.lengths(file([String(repeating: "x", count: 100)])).isEmpty)
    #expect(TidyRules.lengths(file([String(repeating: "x", count: 101)])).count == 1)
  }

  @Test func `a function of 71 lines is too long`() {
    func body(_ count: Int) -> [String] {
      ["  package static func f() {"] + [String](repeating: "    g()", count: count - 2) + ["  }"]
    }
    #expect(TidyRules.functions(file(body(70))).isEmpty)
    #expect(TidyRules.functions(file(body(71))).count == 1)
  }

  @Test(arguments: [
    "public struct A {}", "print(1)", "let d = Date()", "let x = y as! Z", "try! f()",
    "Task.detached { }", "// TODO later", "FileManager.default",
  ])
  func `a banned word is found`(line: String) {
    #expect(TidyRules.words(file([line])).count == 1)
  }

  @Test(arguments: ["// public works", "let s = \"public\"", "fingerprint(1)", "self.print(x)"])
  func `a banned word in a comment, a string or a longer name is not`(line: String) {
    #expect(TidyRules.words(file([line])).isEmpty)
  }

  @Test func `unsafe code is found outside of the listed files only`() {
    let lines = ["let p = unsafe q.pointee"]
    #expect(TidyRules.unsafe(file(lines)).count == 1)
    #expect(
      TidyRules.unsafe(file(lines, path: "Sources/ApusSystem/Bytes/ByteReader.swift")).isEmpty)
  }

  @Test func `an unchecked Sendable needs its reason`() {
    let bare = ["final class A: @unchecked Sendable {", "  var x = 1", "}"]
    #expect(TidyRules.sendable(file(bare)).count == 1)
    let proven = [bare[0], "  // Sound because x is only touched under the lock.", bare[1], "}"]
    #expect(TidyRules.sendable(file(proven)).isEmpty)
  }

  @Test func `an import against the arrows is found`() {
    #expect(Arrows.check(file(["package import ApusSystem"])).isEmpty)
    #expect(Arrows.check(file(["internal import ApusTSDB"])).count == 1)
  }
}
