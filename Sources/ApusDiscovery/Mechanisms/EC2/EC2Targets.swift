internal import ApusConfig
internal import ApusHTTP
internal import ApusModel
internal import ApusSystem
internal import Synchronization

/// Instances of AWS EC2.
struct EC2Targets: TargetSource {
  private let config: EC2DiscoveryConfig
  private let api: APIClient
  private let access: AWSAccess
  private let clock: any WallClock
  private let zones = ZoneIDs()

  init(
    _ config: EC2DiscoveryConfig, api: APIClient, access: AWSAccess, clock: any WallClock
  ) {
    self.config = config
    self.api = api
    self.access = access
    self.clock = clock
  }

  func groups() async throws -> [TargetGroup] {
    let region = try await access.region()
    let signer = SigV4(
      keys: try await access.keys(region: region), region: region, service: "ec2")
    let endpoint = access.endpoint(region, service: "ec2")
    let zoneIDs = await zones.get {
      let answer = try await call("DescribeAvailabilityZones", [], endpoint, signer)
      let items = answer["availabilityZoneInfo"]?.all("item") ?? []
      return Dictionary(
        items.map { ($0.text("zoneName"), $0.text("zoneId")) }, uniquingKeysWith: { $1 })
    }
    try Task.checkCancellation()
    var targets: [Labels] = []
    var next = ""
    for _ in 0..<Limits.pagesMax {
      let page = next.isEmpty ? filters : filters + [("NextToken", next)]
      let answer: XMLTree
      do {
        answer = try await call("DescribeInstances", page, endpoint, signer)
      } catch {
        try Task.checkCancellation()
        throw TargetSourceError("could not describe instances: \(error)")
      }
      for reservation in answer["reservationSet"]?.all("item") ?? [] {
        let owner = reservation.text("ownerId")
        targets += (reservation["instancesSet"]?.all("item") ?? []).compactMap {
          EC2Instance($0).labels(
            region: region, owner: owner, zoneIDs: zoneIDs, port: config.polling.port)
        }
      }
      next = answer.text("nextToken")
      if next.isEmpty {
        return [TargetGroup(source: region, targets: targets, labels: .empty)]
      }
    }
    throw TargetSourceError("more than \(Limits.pagesMax) pages of instances")
  }

  private func call(
    _ action: String, _ parameters: [(String, String)], _ endpoint: String, _ signer: SigV4
  ) async throws -> XMLTree {
    try await AWSQuery.send(
      [("Action", action), ("Version", "2016-11-15")] + parameters, to: endpoint,
      signer: signer, api: api, nowMs: clock.nowMs)
  }

  private var filters: [(String, String)] {
    config.filters.enumerated().flatMap { i, filter in
      [("Filter.\(i + 1).Name", filter.name)]
        + filter.values.enumerated().map { j, value in
          ("Filter.\(i + 1).Value.\(j + 1)", value)
        }
    }
  }
}

/// The ids of availability zones, which do not change. Asked for until there is an answer; who may
/// not ask does without.
private final class ZoneIDs: Sendable {
  private let known = Mutex<[String: String]?>(nil)

  func get(_ ask: () async throws -> [String: String]) async -> [String: String] {
    if let known = known.withLock({ $0 }) { return known }
    guard let found = try? await ask() else { return [:] }
    known.withLock { $0 = found }
    return found
  }
}
