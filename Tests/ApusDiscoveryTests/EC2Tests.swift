import ApusConfig
import ApusHTTP
import ApusModel
import ApusSystem
import ApusTesting
import Testing

@testable import ApusDiscovery

struct EC2Tests {
  private static let zones = """
    <?xml version="1.0" encoding="UTF-8"?>
    <DescribeAvailabilityZonesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
      <availabilityZoneInfo><item><zoneName>eu-west-2b</zoneName><zoneId>euw2-az2</zoneId></item>
      </availabilityZoneInfo></DescribeAvailabilityZonesResponse>
    """

  private static func instances(_ inner: String, next: String = "") -> String {
    """
    <DescribeInstancesResponse><reservationSet><item><ownerId>123</ownerId>
    <instancesSet>\(inner)</instancesSet></item></reservationSet>
    <nextToken>\(next)</nextToken></DescribeInstancesResponse>
    """
  }

  private static let full = """
    <item><instanceId>i-1</instanceId><imageId>ami-1</imageId>
    <instanceState><code>16</code><name>running</name></instanceState>
    <privateDnsName>ip-10-0-0-1.internal</privateDnsName><dnsName>ec2.example</dnsName>
    <instanceType>t3.micro</instanceType><instanceLifecycle>spot</instanceLifecycle>
    <placement><availabilityZone>eu-west-2b</availabilityZone></placement>
    <platform>windows</platform><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId>
    <privateIpAddress>10.0.0.1</privateIpAddress><ipAddress>3.4.5.6</ipAddress>
    <architecture>x86_64</architecture>
    <tagSet><item><key>Name tag</key><value>a &amp; b</value></item></tagSet>
    <networkInterfaceSet>
      <item><subnetId>subnet-1</subnetId><attachment><deviceIndex>1</deviceIndex></attachment>
        <ipv6AddressesSet><item><ipv6Address>2001:db8::1</ipv6Address>
          <isPrimaryIpv6>true</isPrimaryIpv6></item></ipv6AddressesSet></item>
      <item><subnetId>subnet-2</subnetId></item><item><subnetId>subnet-1</subnetId></item>
    </networkInterfaceSet></item>
    """

  private func yaml(_ server: LocalServer, _ more: String = "") -> String {
    """
    ec2_sd_configs:
      - endpoint: \(server.url)
        region: eu-west-2
        access_key: AKID
        secret_key: secret
    \(more)
    """
  }

  @Test func `instances carry all labels, and requests are signed`() async throws {
    let server = try await LocalServer { request in
      let body = String(decoding: request.body, as: UTF8.self)
      if body.contains("DescribeAvailabilityZones") {
        return .answer(body: Array(Self.zones.utf8))
      }
      return .answer(
        body: Array(
          (body.contains("NextToken=tok")
            ? Self.instances(
              "<item><instanceId>i-2</instanceId>"
                + "<privateIpAddress>10.0.0.2</privateIpAddress></item>"
                + "<item><instanceId>none</instanceId></item>")
            : Self.instances(Self.full, next: "tok")).utf8))
    }
    let groups = try await DiscoveryHarness().first(
      yaml(server, "    port: 9100\n    filters: [{name: 'tag:x', values: [a b, c]}]"))
    #expect(groups.map(\.source) == ["eu-west-2"])
    #expect(
      groups[0].all[0] == [
        "__address__": "10.0.0.1:9100", "__meta_ec2_ami": "ami-1",
        "__meta_ec2_architecture": "x86_64", "__meta_ec2_availability_zone": "eu-west-2b",
        "__meta_ec2_availability_zone_id": "euw2-az2",
        "__meta_ec2_default_ipv6_address": "2001:db8::1", "__meta_ec2_instance_id": "i-1",
        "__meta_ec2_instance_lifecycle": "spot", "__meta_ec2_instance_state": "running",
        "__meta_ec2_instance_type": "t3.micro", "__meta_ec2_ipv6_addresses": ",2001:db8::1,",
        "__meta_ec2_owner_id": "123", "__meta_ec2_platform": "windows",
        "__meta_ec2_primary_ipv6_addresses": ",,2001:db8::1,",
        "__meta_ec2_primary_subnet_id": "subnet-1",
        "__meta_ec2_private_dns_name": "ip-10-0-0-1.internal",
        "__meta_ec2_private_ip": "10.0.0.1", "__meta_ec2_public_dns_name": "ec2.example",
        "__meta_ec2_public_ip": "3.4.5.6", "__meta_ec2_region": "eu-west-2",
        "__meta_ec2_subnet_id": ",subnet-1,subnet-2,", "__meta_ec2_tag_Name_tag": "a & b",
        "__meta_ec2_vpc_id": "vpc-1",
      ])
    #expect(groups[0].addresses == ["10.0.0.1:9100", "10.0.0.2:9100"])
    let asked = try #require(
      server.requests.first { String(decoding: $0.body, as: UTF8.self).contains("NextToken") })
    #expect(
      String(decoding: asked.body, as: UTF8.self)
        == "Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=tag%3Ax"
        + "&Filter.1.Value.1=a%20b&Filter.1.Value.2=c&NextToken=tok")
    let signature = asked.headers["authorization"] ?? ""
    #expect(
      signature.hasPrefix(
        "AWS4-HMAC-SHA256 Credential=AKID/19700101/eu-west-2/ec2/aws4_request, "
          + "SignedHeaders=content-type;host;x-amz-date, Signature="))
    // Whoever knows the key comes to the same signature.
    let signer = SigV4(
      keys: .init(accessKey: "AKID", secretKey: "secret"), region: "eu-west-2", service: "ec2")
    let again = signer.headers(
      method: "POST", host: asked.headers["host"] ?? "", path: "/",
      headers: [(name: "content-type", value: asked.headers["content-type"] ?? "")],
      body: asked.body, nowMs: 1_000_000)
    #expect(again.first { $0.name == "Authorization" }?.value == signature)
  }

  @Test func `a refusal is told in the words of the API, and zones need not be known`() async throws
  {
    let server = try await LocalServer { request in
      let body = String(decoding: request.body, as: UTF8.self)
      let code = body.contains("Zones") ? "UnauthorizedOperation" : "AuthFailure"
      return .answer(
        status: 401,
        body: Array(
          ("<Response><Errors><Error><Code>\(code)</Code>"
            + "<Message>no</Message></Error></Errors></Response>")
            .utf8))
    }
    let text = try await DiscoveryHarness().failure(yaml(server))
    #expect(text == "could not describe instances: api error AuthFailure: no (status 401)")
    let other = try await LocalServer { request in
      String(decoding: request.body, as: UTF8.self).contains("Zones")
        ? .answer(status: 403, body: []) : .answer(body: Array(Self.instances(Self.full).utf8))
    }
    let groups = try await DiscoveryHarness().first(yaml(other))
    #expect(groups[0].all[0]["__meta_ec2_availability_zone"] == "eu-west-2b")
    #expect(groups[0].all[0]["__meta_ec2_availability_zone_id"] == nil)
  }

  private func access(
    _ config: AWSAccountConfig, _ environment: [String: String],
    files: [String: String] = [:], metadata: [String: String] = [:]
  ) throws -> AWSAccess {
    let harness = DiscoveryHarness()
    try harness.files.makeDirectory("/home/me/.aws")
    for (name, text) in files {
      try harness.files.write("/home/me/.aws/\(name)", Array(text.utf8))
    }
    var all = environment
    all["HOME"] = "/home/me"
    let known = all
    return AWSAccess(
      config, files: harness.files, environment: { known[$0] }, fetchers: RecordedAPI(metadata),
      clock: harness.clock)
  }

  @Test func `keys come from configuration, environment, profile or the machine`() async throws {
    var config = AWSAccountConfig()
    config.accessKey = "A"
    config.secretKey = Secret("S")
    let environment = [
      "AWS_ACCESS_KEY_ID": "EA", "AWS_SECRET_ACCESS_KEY": "ES", "AWS_SESSION_TOKEN": "ET",
    ]
    #expect(
      try await access(config, environment).keys(region: "r")
        == .init(accessKey: "A", secretKey: "S"))
    config = AWSAccountConfig()
    #expect(
      try await access(config, environment).keys(region: "r")
        == .init(accessKey: "EA", secretKey: "ES", sessionToken: "ET"))
    let files = [
      "credentials": """
      [default]
      aws_access_key_id = DA
      aws_secret_access_key = DS
      [ prod ]
      aws_access_key_id=PA
      aws_secret_access_key=PS==
      aws_session_token=PT
      """,
      "config": "[profile prod]\nregion = eu-north-1\n[default]\nregion = us-east-2\n",
    ]
    #expect(
      try await access(config, [:], files: files).keys(region: "r")
        == .init(accessKey: "DA", secretKey: "DS"))
    #expect(try await access(config, [:], files: files).region() == "us-east-2")
    config.profile = "prod"
    #expect(
      try await access(config, environment, files: files).keys(region: "r")
        == .init(accessKey: "PA", secretKey: "PS==", sessionToken: "PT"))
    #expect(try await access(config, [:], files: files).region() == "eu-north-1")
    config.profile = "none"
    await #expect(throws: TargetSourceError.self) {
      try await access(config, environment, files: files).keys(region: "r")
    }
  }

  @Test func `the machine tells region and keys, if it may be asked`() async throws {
    let base = "http://169.254.169.254/latest/"
    let metadata = [
      "\(base)api/token": "TOKEN\n", "\(base)meta-data/placement/region": "sa-east-1",
      "\(base)meta-data/iam/security-credentials/": "role-1\n",
      "\(base)meta-data/iam/security-credentials/role-1":
        #"{"AccessKeyId": "MA", "SecretAccessKey": "MS", "Token": "MT"}"#,
    ]
    let config = AWSAccountConfig()
    let machine = try access(config, [:], metadata: metadata)
    #expect(try await machine.region() == "sa-east-1")
    #expect(
      try await machine.keys(region: "r")
        == .init(accessKey: "MA", secretKey: "MS", sessionToken: "MT"))
    let forbidden = try access(
      config, ["AWS_EC2_METADATA_DISABLED": "true"], metadata: metadata)
    await #expect(throws: TargetSourceError.self) { try await forbidden.keys(region: "r") }
    await #expect(throws: TargetSourceError.self) { try await forbidden.region() }
    #expect(
      try await access(config, ["AWS_REGION": "eu-1"]).region() == "eu-1")
  }

  /// The keys lent for a role, asked for twice, and what the token service was asked.
  private func lent(
    _ environment: [String: String], _ config: AWSAccountConfig, result: String,
    expiration: String = "2999-01-01T00:00:00Z"
  ) async throws -> (keys: SigV4.Keys, requests: [LocalServer.Request]) {
    let server = try await LocalServer { _ in
      .answer(
        body: Array(
          """
          <\(result)Response><\(result)Result><Credentials><AccessKeyId>LA</AccessKeyId>
          <SecretAccessKey>LS</SecretAccessKey><SessionToken>LT</SessionToken>
          <Expiration>\(expiration)</Expiration></Credentials></\(result)Result>
          </\(result)Response>
          """.utf8))
    }
    let files = MemoryFileSystem()
    try files.makeDirectory("/t")
    try files.write("/t/token", Array("web.token\n".utf8))
    var access = AWSAccess(
      config, files: files, environment: { environment[$0] }, fetchers: PooledFetcherFactory(),
      clock: JumpingClock())
    access.tokenServiceURL = server.url
    let first = try await access.keys(region: "eu-1")
    #expect(try await access.keys(region: "eu-1") == first)
    return (first, server.requests)
  }

  @Test func `a role is taken on with its own keys, which are kept while they last`() async throws {
    var config = AWSAccountConfig()
    config.accessKey = "A"
    config.secretKey = Secret("S")
    config.roleARN = "arn:aws:iam::1:role/x"
    config.externalID = "e"
    let found = try await lent([:], config, result: "AssumeRole")
    #expect(found.keys == .init(accessKey: "LA", secretKey: "LS", sessionToken: "LT"))
    #expect(found.requests.count == 1)
    #expect(
      String(decoding: found.requests[0].body, as: UTF8.self)
        == "Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx&ExternalId=e"
        + "&RoleSessionName=prometheus&Version=2011-06-15")
    #expect(
      found.requests[0].headers["authorization"]?.contains(
        "Credential=A/19700101/eu-1/sts/aws4_request") == true)
    let short = try await lent(
      [:], config, result: "AssumeRole", expiration: "1970-01-01T00:17:00Z")
    #expect(short.requests.count == 2)
  }

  @Test func `a pod takes on its role by its token`() async throws {
    let environment = [
      "AWS_ROLE_ARN": "arn:r", "AWS_WEB_IDENTITY_TOKEN_FILE": "/t/token",
    ]
    let found = try await lent(
      environment, AWSAccountConfig(), result: "AssumeRoleWithWebIdentity")
    #expect(found.keys.accessKey == "LA")
    #expect(
      String(decoding: found.requests[0].body, as: UTF8.self)
        == "Action=AssumeRoleWithWebIdentity&RoleArn=arn%3Ar&WebIdentityToken=web.token"
        + "&RoleSessionName=prometheus&Version=2011-06-15")
    #expect(found.requests[0].headers["authorization"] == nil)
  }
}
