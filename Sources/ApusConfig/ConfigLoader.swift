internal import ApusModel
package import ApusSystem

/// Configuration files to `Config`: every error of a file at once, each with its line.
package struct ConfigLoader: Sendable {
  private let files: any FileSystem
  private let environment: @Sendable (String) -> String?

  /// - Parameter environment: the value of an environment variable, for external labels.
  package init(
    files: any FileSystem, environment: @escaping @Sendable (String) -> String?
  ) {
    self.files = files
    self.environment = environment
  }

  /// Reads a file and the scrape config files that it names. Paths inside are taken relative to
  /// the file that names them.
  package func load(path: String) throws(ConfigErrors) -> Config {
    let errors = ErrorList(file: path)
    do {
      let bytes = try files.read(path)
      return try load(bytes, errors: errors)
    } catch let failure as ConfigErrors {
      throw failure
    } catch {
      errors.add(.file, line: 0, "\(error)")
      throw ConfigErrors(errors.sorted)
    }
  }

  /// Reads a text as if it stood in the file `path`.
  package func load(text: String, path: String) throws(ConfigErrors) -> Config {
    try load(Array(text.utf8), errors: ErrorList(file: path))
  }

  /// Reads a file that holds the keys of an HTTP client alone (promtool's --http.config.file).
  package func loadHTTPClient(path: String) throws(ConfigErrors) -> HTTPClientConfig {
    let errors = ErrorList(file: path)
    var config = HTTPClientConfig()
    do {
      var document = YAMLDocument(errors: errors)
      if let node = document.parse(try files.read(path)),
        let record = RecordDecoder(errors: errors).record(node, HTTPClientSchema.file)
      {
        let directory = ConfigPath.parent(of: path)
        config = SectionReader(errors: errors, directory: directory).httpClient(record)
      }
    } catch {
      errors.add(.file, line: 0, "\(error)")
    }
    guard errors.isEmpty else { throw ConfigErrors(errors.sorted) }
    return config
  }

  private func load(_ bytes: [UInt8], errors: ErrorList) throws(ConfigErrors) -> Config {
    var document = YAMLDocument(errors: errors)
    let node = document.parse(bytes)
    guard errors.isEmpty else { throw ConfigErrors(errors.sorted) }
    let empty = Record(schema: ConfigSchema.root, line: 1)
    let decoder = RecordDecoder(errors: errors)
    let root = node.map { decoder.record($0, ConfigSchema.root) ?? empty } ?? empty
    let reader = SectionReader(errors: errors, directory: ConfigPath.parent(of: errors.file))
    var config = read(root, reader)
    var all = errors.sorted
    config.shownText = YAMLWriter.write(root)
    all += includeScrapeFiles(&config)
    guard all.isEmpty else { throw ConfigErrors(all) }
    return config
  }

  private func read(_ root: Record, _ reader: SectionReader) -> Config {
    var config = Config()
    let global = root.objectOrEmpty("global")
    let section = reader.global(global, environment: environment)
    config.global = section.config
    config.warnings = section.warnings
    root.set("global", .object(global))
    config.runtime = runtime(root)
    let validation = config.global.nameValidation
    config.alerting = reader.alerting(
      root.objectOrEmpty("alerting"), validation: validation)
    checkGlobs(root, "rule_files", "invalid rule file path", reader)
    checkGlobs(root, "scrape_config_files", "invalid scrape config file path", reader)
    config.ruleFiles = reader.paths(root, "rule_files")
    config.scrapeConfigFiles = reader.paths(root, "scrape_config_files")
    config.scrapeConfigs = scrapeConfigs(root, reader, config.global)
    config.storage = reader.storage(root.objectOrEmpty("storage"))
    config.tracing = root.object("tracing").map { reader.tracing($0) }
    readRemote(root, reader, &config)
    let otlp = root.objectOrEmpty("otlp")
    config.otlp = reader.otlp(otlp, validation: validation)
    root.set("otlp", .object(otlp))
    otlp.set("translation_strategy", .string(config.otlp.translation.rawValue))
    return config
  }

  private func runtime(_ root: Record) -> RuntimeConfig {
    let record = root.objectOrEmpty("runtime")
    var config = RuntimeConfig()
    if record.int("gogc") != 0 { config.gogc = Int(clamping: record.int("gogc")) }
    record.set("gogc", .int(Int64(config.gogc ?? 75)))
    root.set("runtime", .object(record))
    return config
  }

  private func checkGlobs(
    _ root: Record, _ name: String, _ problem: String, _ reader: SectionReader
  ) {
    for pattern in root.strings(name) where !ConfigPattern.isGlob(pattern) {
      reader.fail(root.line(of: name), "\(problem) \(GoQuote.quote(pattern))")
    }
  }

  private func scrapeConfigs(
    _ root: Record, _ reader: SectionReader, _ global: GlobalConfig
  ) -> [ScrapeConfig] {
    var names: Set<String> = []
    return root.objects("scrape_configs").compactMap { record in
      guard let record else {
        reader.fail(root.line(of: "scrape_configs"), "empty or null scrape config section")
        return nil
      }
      let config = reader.scrapeConfig(record, global: global)
      if !config.jobName.isEmpty && !names.insert(config.jobName).inserted {
        reader.fail(
          record.line(of: "job_name"),
          "found multiple scrape configs with job name \(GoQuote.quote(config.jobName))")
      }
      return config
    }
  }

  private func readRemote(_ root: Record, _ reader: SectionReader, _ config: inout Config) {
    var writeNames: Set<String> = []
    for record in root.objects("remote_write") {
      guard let record else {
        reader.fail(
          root.line(of: "remote_write"), "empty or null remote write config section")
        continue
      }
      let remote = reader.remoteWrite(record, validation: config.global.nameValidation)
      if !remote.name.isEmpty && !writeNames.insert(remote.name).inserted {
        reader.fail(
          record.line(of: "name"),
          "found multiple remote write configs with job name \(GoQuote.quote(remote.name))")
      }
      config.remoteWrites.append(remote)
    }
    var readNames: Set<String> = []
    for record in root.objects("remote_read") {
      guard let record else {
        reader.fail(root.line(of: "remote_read"), "empty or null remote read config section")
        continue
      }
      let remote = reader.remoteRead(record)
      if !remote.name.isEmpty && !readNames.insert(remote.name).inserted {
        reader.fail(
          record.line(of: "name"),
          "found multiple remote read configs with job name \(GoQuote.quote(remote.name))")
      }
      config.remoteReads.append(remote)
    }
  }
}

extension ConfigLoader {
  /// Adds the jobs of the files that `scrape_config_files` names.
  private func includeScrapeFiles(_ config: inout Config) -> [ConfigError] {
    var found: [ConfigError] = []
    var firstPlaces: [String: String] = [:]
    for job in config.scrapeConfigs { firstPlaces[job.jobName] = "main config file" }
    for pattern in config.scrapeConfigFiles {
      for path in Glob.expand(pattern, files: files) {
        let errors = ErrorList(file: path)
        for record in scrapeRecords(path, errors) {
          let reader = SectionReader(
            errors: errors, directory: ConfigPath.parent(of: path))
          guard let record else {
            reader.fail(0, "empty or null scrape config section")
            continue
          }
          let job = reader.scrapeConfig(record, global: config.global)
          if let place = firstPlaces[job.jobName] {
            reader.fail(
              record.line(of: "job_name"),
              "found multiple scrape configs with job name \(GoQuote.quote(job.jobName)), first "
                + "found in \(place)")
          }
          firstPlaces[job.jobName] = GoQuote.quote(path)
          config.scrapeConfigs.append(job)
        }
        found += errors.sorted
      }
    }
    return found
  }

  private func scrapeRecords(_ path: String, _ errors: ErrorList) -> [Record?] {
    let bytes: [UInt8]
    do {
      bytes = try files.read(path)
    } catch {
      errors.add(.file, line: 0, "\(error)")
      return []
    }
    var document = YAMLDocument(errors: errors)
    guard let node = document.parse(bytes) else { return [] }
    let decoder = RecordDecoder(errors: errors)
    return decoder.record(node, ScrapeSchema.file)?.objects("scrape_configs") ?? []
  }
}
