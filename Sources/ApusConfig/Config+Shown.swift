extension Config {
  /// One job of `shownText`, without the indentation of the list; nil where no job has the name.
  package func shownText(ofJob name: String) -> String? {
    let lines = shownText.split(separator: "\n", omittingEmptySubsequences: false)
    guard let head = lines.firstIndex(of: "scrape_configs:") else { return nil }
    var job: [Substring] = []
    var isWanted = false
    for line in lines[(head + 1)...] {
      guard line.hasPrefix("- ") || line.hasPrefix("  ") else { break }
      if line.hasPrefix("- ") {
        if isWanted { break }
        isWanted = ["- job_name: \(name)", "- job_name: \"\(name)\"", "- job_name: '\(name)'"]
          .contains(String(line))
      }
      if isWanted { job.append(line.dropFirst(2)) }
    }
    return job.isEmpty ? nil : job.joined(separator: "\n") + "\n"
  }
}
