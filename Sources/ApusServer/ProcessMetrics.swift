internal import ApusModel
internal import ApusSystem
internal import ApusTelemetry

/// The `process_*` metrics that every exporter has, read from /proc.
struct ProcessMetrics: Sendable {
  private let files: any FileSystem
  /// The kernel's clock ticks a second; 100 on every Linux that there is.
  private static let ticksPerSecond = 100.0
  private static let pageBytes = 4096.0

  init(files: any FileSystem) { self.files = files }

  func register(in registry: MetricRegistry, startTimeMs: Int64) {
    let own = self
    registry.register(
      "process_cpu_seconds_total", help: "Total user and system CPU time spent in seconds.",
      kind: .counter
    ) {
      [.init(labels: [], value: own.cpuSeconds)]
    }
    registry.gauge(
      "process_resident_memory_bytes", help: "Resident memory size in bytes."
    ) { own.status(23) * ProcessMetrics.pageBytes }
    registry.gauge(
      "process_virtual_memory_bytes", help: "Virtual memory size in bytes."
    ) { own.status(22) }
    registry.gauge(
      "process_virtual_memory_max_bytes", help: "Maximum amount of virtual memory available."
    ) { Double(UInt64.max) }
    registry.gauge(
      "process_start_time_seconds", help: "Start time of the process since unix epoch in seconds."
    ) { Double(startTimeMs) / 1000 }
    registry.gauge("process_open_fds", help: "Number of open file descriptors.") {
      Double((try? own.files.list("/proc/self/fd").count) ?? 0)
    }
    registry.gauge("process_max_fds", help: "Maximum number of open file descriptors.") {
      own.descriptorsMax
    }
  }

  /// Threads of the process.
  var threadCount: Int { Int(status(19)) }

  private var cpuSeconds: Double {
    (status(13) + status(14)) / ProcessMetrics.ticksPerSecond
  }

  /// A field of /proc/self/stat, counted from 0 as in proc(5) less one. The second field, the
  /// name, may hold anything but ends with the last parenthesis.
  private func status(_ index: Int) -> Double {
    guard let text = try? files.readText("/proc/self/stat"),
      let end = text.lastIndex(of: ")")
    else { return 0 }
    let fields = text[text.index(after: end)...].split(separator: " ")
    return index - 2 < fields.count ? Double(fields[index - 2]) ?? 0 : 0
  }

  private var descriptorsMax: Double {
    guard let text = try? files.readText("/proc/self/limits") else { return 0 }
    for line in text.split(separator: "\n") where line.hasPrefix("Max open files") {
      let fields = line.split(separator: " ")
      return fields.count > 3 ? Double(fields[3]) ?? 0 : 0
    }
    return 0
  }
}
