/// What may stand at a key.
indirect enum Shape: Sendable {
  case string
  case bool
  case int
  case uint
  case float
  /// `1h30m`
  case duration
  /// `512MB`
  case size
  /// A string that is shown as `<secret>`.
  case secret
  /// A list of strings; `flow` on one line.
  case strings(flow: Bool)
  /// A list of strings that are shown as `<secret>`.
  case secrets
  case stringMap
  /// A string map whose values are shown as `<secret>`.
  case secretMap
  /// A map of lists of strings.
  case stringsMap
  case object(Schema)
  /// A list of mappings, whose type Go calls by this name.
  case objects(Schema, goType: String)
  /// A map of mappings.
  case objectMap(Schema)

  static var strings: Shape { .strings(flow: false) }

  /// As in Go's error texts.
  var goType: String {
    switch self {
    case .string, .duration, .size, .secret: "string"
    case .bool: "bool"
    case .int: "int"
    case .uint: "uint"
    case .float: "float64"
    case .strings, .secrets: "[]string"
    case .stringMap, .secretMap: "map[string]string"
    case .stringsMap: "map[string][]string"
    case .object(let schema): schema.goType
    case .objects(_, let goType): goType
    case .objectMap(let schema): "map[string]\(schema.goType)"
    }
  }
}

/// One key of a mapping.
struct Field: Sendable {
  /// Whether the key is shown when it has no value.
  enum Shown {
    case ifSet
    case always
    /// Never: an old spelling of another key.
    case never
  }

  let name: String
  let shape: Shape
  /// The value where the key is missing; nil for the zero of the shape.
  let preset: Preset?
  let shown: Shown

  init(_ name: String, _ shape: Shape, preset: Preset? = nil, shown: Shown = .ifSet) {
    self.name = name
    self.shape = shape
    self.preset = preset
    self.shown = shown
  }
}

/// The keys a mapping may have, in the order in which they are shown.
struct Schema: Sendable {
  /// As in Prometheus's error texts, such as `config.plain`.
  let goType: String
  let fields: [Field]

  init(_ goType: String, _ fields: [Field]) {
    self.goType = goType
    self.fields = fields
  }

  func field(_ name: String) -> Field? { fields.first { $0.name == name } }
}

/// The value of a key that is missing.
enum Preset: Sendable {
  case string(String)
  case bool(Bool)
  case int(Int64)
  case uint(UInt64)
  case duration(Int64)

  var value: Value {
    switch self {
    case .string(let text): .string(text)
    case .bool(let flag): .bool(flag)
    case .int(let number): .int(number)
    case .uint(let number): .uint(number)
    case .duration(let ms): .duration(ms)
    }
  }
}

/// What a key holds.
enum Value {
  case string(String)
  case bool(Bool)
  case int(Int64)
  case uint(UInt64)
  case float(Double)
  /// Milliseconds.
  case duration(Int64)
  /// Bytes.
  case size(Int64)
  case strings([String])
  /// In order of the file.
  case stringMap([StringEntry])
  case stringsMap([StringsEntry])
  case object(Record)
  /// A null element is nil.
  case objects([Record?])
  case objectMap([RecordEntry])
}

struct StringEntry {
  let key: String
  let value: String
  let line: Int
  var column = 0
}

struct StringsEntry {
  let key: String
  let values: [String]
}

struct RecordEntry {
  let key: String
  let record: Record
}

/// A mapping of the file, its values checked against a schema; missing ones have their presets.
final class Record {
  let schema: Schema
  let line: Int
  let column: Int
  private(set) var values: [String: Value] = [:]
  private(set) var lines: [String: Int] = [:]
  /// Where the values stand.
  private(set) var places: [String: Place] = [:]

  struct Place {
    let line: Int
    let column: Int
  }

  init(schema: Schema, line: Int, column: Int = 0) {
    self.schema = schema
    self.line = line
    self.column = column
  }

  /// Whether the file gives a value other than null, or one was set since.
  func has(_ name: String) -> Bool { values[name] != nil }

  /// Whether the key stands in the file with a value that could not be read.
  func isUnreadable(_ name: String) -> Bool { lines[name] != nil && values[name] == nil }

  /// The line of a key, or of the mapping where the key is missing.
  func line(of name: String) -> Int { lines[name] ?? line }

  func set(_ name: String, _ value: Value?, line: Int? = nil) {
    assert(schema.field(name) != nil, "\(schema.goType) has no field \(name)")
    values[name] = value
    if let line { lines[name] = line }
  }

  func setPlace(_ name: String, line: Int, column: Int) {
    places[name] = Place(line: line, column: column)
  }

  /// Where promtool says the values of keys stand: `4:13`, one behind the other for several, and
  /// `0:0` for a key that is missing.
  func toolPlace(of names: String...) -> String {
    names.map { places[$0].map { "\($0.line):\($0.column)" } ?? "0:0" }.joined(separator: ": ")
  }

  /// Where the value of a key stands, or the mapping where the key is missing.
  func place(of name: String) -> Place { places[name] ?? Place(line: line, column: column) }

  subscript(name: String) -> Value? {
    guard let field = schema.field(name) else {
      preconditionFailure("\(schema.goType) has no field \(name)")
    }
    return values[name] ?? field.preset?.value
  }

  func string(_ name: String) -> String {
    if case .string(let text)? = self[name] { text } else { "" }
  }

  func bool(_ name: String) -> Bool {
    if case .bool(let flag)? = self[name] { flag } else { false }
  }

  func optionalBool(_ name: String) -> Bool? {
    if case .bool(let flag)? = self[name] { flag } else { nil }
  }

  func int(_ name: String) -> Int64 {
    if case .int(let number)? = self[name] { number } else { 0 }
  }

  func uint(_ name: String) -> UInt64 {
    if case .uint(let number)? = self[name] { number } else { 0 }
  }

  func float(_ name: String) -> Double {
    if case .float(let number)? = self[name] { number } else { 0 }
  }

  func durationMs(_ name: String) -> Int64 {
    if case .duration(let ms)? = self[name] { ms } else { 0 }
  }

  func sizeBytes(_ name: String) -> Int64 {
    if case .size(let bytes)? = self[name] { bytes } else { 0 }
  }

  func strings(_ name: String) -> [String] {
    if case .strings(let texts)? = self[name] { texts } else { [] }
  }

  func stringMap(_ name: String) -> [StringEntry] {
    if case .stringMap(let entries)? = self[name] { entries } else { [] }
  }

  func stringsMap(_ name: String) -> [StringsEntry] {
    if case .stringsMap(let entries)? = self[name] { entries } else { [] }
  }

  func object(_ name: String) -> Record? {
    if case .object(let record)? = self[name] { record } else { nil }
  }

  /// The mapping at a key; an empty one where the key is missing.
  func objectOrEmpty(_ name: String) -> Record {
    if let record = object(name) { return record }
    guard case .object(let inner)? = schema.field(name)?.shape else {
      preconditionFailure("\(schema.goType) has no mapping \(name)")
    }
    return Record(schema: inner, line: line)
  }

  func objects(_ name: String) -> [Record?] {
    if case .objects(let records)? = self[name] { records } else { [] }
  }

  func objectMap(_ name: String) -> [RecordEntry] {
    if case .objectMap(let entries)? = self[name] { entries } else { [] }
  }
}
