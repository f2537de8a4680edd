internal import ApusHTTP
internal import ApusSystem

/// Lends keys for roles: AWS's Security Token Service.
struct AWSTokenService: Sendable {
  /// Keys, and when they end.
  struct Lent: Sendable, Equatable {
    let keys: SigV4.Keys
    /// Ms since the epoch.
    let endMs: Int64
  }

  /// Without a slash at the end.
  let endpoint: String
  let region: String
  let api: APIClient
  let clock: any WallClock

  private static let version = "2011-06-15"
  private static let session = "prometheus"

  /// Keys for a role that the owner of `keys` may take on.
  /// - Parameter externalID: empty for none.
  func assume(_ role: String, externalID: String, by keys: SigV4.Keys) async throws -> Lent {
    var parameters = [("Action", "AssumeRole"), ("RoleArn", role)]
    if !externalID.isEmpty { parameters.append(("ExternalId", externalID)) }
    let signer = SigV4(keys: keys, region: region, service: "sts")
    return try await lent(parameters, "AssumeRoleResult", signer)
  }

  /// Keys for a role that the bearer of a token may take on, such as a pod of EKS.
  func assume(_ role: String, webToken: String) async throws -> Lent {
    let parameters = [
      ("Action", "AssumeRoleWithWebIdentity"), ("RoleArn", role), ("WebIdentityToken", webToken),
    ]
    return try await lent(parameters, "AssumeRoleWithWebIdentityResult", nil)
  }

  private func lent(
    _ parameters: [(String, String)], _ result: String, _ signer: SigV4?
  ) async throws -> Lent {
    let all = parameters + [("RoleSessionName", Self.session), ("Version", Self.version)]
    let answer = try await AWSQuery.send(
      all, to: endpoint, signer: signer, api: api, nowMs: clock.nowMs)
    let credentials = answer[result]?["Credentials"]
    guard let credentials, let key = credentials.optionalText("AccessKeyId"),
      let secret = credentials.optionalText("SecretAccessKey"),
      let endMs = CivilTime.parseRFC3339(credentials.text("Expiration"))
    else { throw TargetSourceError("the token service lent no keys") }
    return Lent(
      keys: SigV4.Keys(
        accessKey: key, secretKey: secret, sessionToken: credentials.text("SessionToken")),
      endMs: endMs)
  }
}
