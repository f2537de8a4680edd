import ApusSystem
import Testing

@testable import apustool

/// The rules that ship, by the unit tests that ship with them.
@Suite struct ShippedRulesTests {
  private static let top = FilePath.parent(
    of: FilePath.parent(of: FilePath.parent(of: #filePath)))
  private static let rules = FilePath.join(top, "rules")

  private static func files(_ directory: String) -> [String] {
    ((try? PosixFileSystem().list(directory)) ?? []).filter { $0.hasSuffix(".yml") }
      .map { FilePath.join(directory, $0) }
  }

  @Test func `every rule is tested, and does what its test says`() async {
    let tests = Self.files(FilePath.join(Self.rules, "tests"))
    #expect(tests.count == Self.files(Self.rules).count)
    let result = await tool(["test", "rules", "--coverage-threshold=100"] + tests)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.lines.count { $0 == "  SUCCESS" } == tests.count)
  }

  @Test func `every rule file passes its check`() async {
    let files = Self.files(Self.rules)
    let result = await tool(["check", "rules", "--lint=all", "--lint-fatal"] + files)
    #expect(result.status == 0, "\(result.errors)")
    #expect(!files.isEmpty)
  }
}
