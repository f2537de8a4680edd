import ApusConfig
import ApusModel
import ApusTesting
import NIOCore
import NIOPosix
import Testing

@testable import ApusDiscovery

struct DockerTests {
  private static let networks = """
    [{"Id": "net1", "Name": "front", "Scope": "local", "Internal": false, "Ingress": false,
      "Labels": {"n.l": "v"}},
     {"Id": "net2", "Name": "back", "Scope": "swarm", "Internal": true, "Ingress": true,
      "Labels": null}]
    """

  private static let containers = """
    [{"Id": "c1", "Names": ["/web", "/alias"], "Image": "web:1", "ImageID": "sha256:1",
      "Labels": {"com.x": "y"}, "HostConfig": {"NetworkMode": "front"},
      "Ports": [{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
        {"PrivatePort": 81, "Type": "tcp"}, {"PrivatePort": 53, "Type": "udp"}],
      "NetworkSettings": {"Networks": {
        "front": {"NetworkID": "net1", "IPAddress": "172.17.0.2"},
        "back": {"NetworkID": "net2", "IPAddress": "172.18.0.2"}, "zero": null}}},
     {"Id": "c2", "Names": ["/sidecar"], "HostConfig": {"NetworkMode": "container:c1"},
      "Ports": [], "NetworkSettings": {"Networks": {}}},
     {"Id": "c3", "Names": ["/host"], "HostConfig": {"NetworkMode": "host"}, "Ports": [],
      "NetworkSettings": {"Networks": {"host": {"NetworkID": "h", "IPAddress": ""}}}},
     {"Id": "c4", "Names": ["/a"], "HostConfig": {"NetworkMode": "container:c5"},
      "NetworkSettings": {"Networks": {}}},
     {"Id": "c5", "Names": ["/b"], "HostConfig": {"NetworkMode": "container:c4"},
      "NetworkSettings": {"Networks": {}}},
     {"Id": "c6", "Names": []},
     {"Id": "c7", "Names": ["/six"], "HostConfig": {"NetworkMode": "v6"}, "Ports": [],
      "NetworkSettings": {"Networks": {
        "v6": {"NetworkID": "x", "IPAddress": "", "GlobalIPv6Address": "fd00::7"}}}}]
    """

  private func found(_ more: String = "") async throws -> [[String: String]] {
    let server = try await LocalServer { request in
      let body = request.target.hasPrefix("/networks") ? Self.networks : Self.containers
      return .answer(body: Array(body.utf8))
    }
    let groups = try await DiscoveryHarness().first(
      "docker_sd_configs:\n  - host: tcp://127.0.0.1:\(server.port)\n    port: 99\n\(more)")
    #expect(groups.map(\.source) == ["Docker"])
    return groups[0].all
  }

  @Test func `a container is a target for each TCP port in the first of its networks`() async throws
  {
    let all = try await found()
    #expect(
      all[0] == [
        "__address__": "172.18.0.2:80", "__meta_docker_container_id": "c1",
        "__meta_docker_container_image": "web:1",
        "__meta_docker_container_image_id": "sha256:1",
        "__meta_docker_container_label_com_x": "y", "__meta_docker_container_name": "/web",
        "__meta_docker_container_network_mode": "front", "__meta_docker_network_id": "net2",
        "__meta_docker_network_ingress": "true", "__meta_docker_network_internal": "true",
        "__meta_docker_network_ip": "172.18.0.2", "__meta_docker_network_name": "back",
        "__meta_docker_network_scope": "swarm", "__meta_docker_port_private": "80",
        "__meta_docker_port_public": "8080", "__meta_docker_port_public_ip": "0.0.0.0",
      ])
    #expect(
      all.map { $0["__address__"] } == [
        "172.18.0.2:80", "172.18.0.2:81", "172.18.0.2:99", "localhost", "[fd00::7]:99",
      ])
    // That of the container whose network it shares.
    #expect(all[2]["__meta_docker_container_name"] == "/sidecar")
  }

  @Test func `all networks count where that is wanted, and the host has the name given`()
    async throws
  {
    let all = try await found(
      "    match_first_network: false\n    host_networking_host: me.example\n")
    #expect(
      all.map { $0["__address__"] } == [
        "172.18.0.2:80", "172.18.0.2:81", "172.17.0.2:80", "172.17.0.2:81", "172.18.0.2:99",
        "172.17.0.2:99", "me.example", "[fd00::7]:99",
      ])
    #expect(all[2]["__meta_docker_network_label_n_l"] == "v")
  }

  @Test func `filters are told as the engine wants them`() {
    let filters = [
      DockerFilter(name: "status", values: ["running", "paused"]),
      DockerFilter(name: "label", values: ["a=\"b\""]),
    ]
    #expect(
      DockerEngine.text(filters)
        == #"{"label":{"a=\"b\"":true},"status":{"paused":true,"running":true}}"#)
    #expect(DockerEngine.text([]).isEmpty)
    #expect(
      DockerEngine.base("unix:///var/run/docker.sock") == "http+unix://%2Fvar%2Frun%2Fdocker.sock")
  }

  @Test func `an engine is asked through its socket`() async throws {
    let path = "/tmp/apus-docker-\(UInt64.random(in: 0 ... .max)).sock"
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(EmptyListAnswer())
        }
      }
      .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
    let groups = try await DiscoveryHarness().first(
      "docker_sd_configs:\n  - host: unix://\(path)\n    filters: [{name: id, values: [x]}]\n")
    #expect(groups.map(\.source) == ["Docker"])
    #expect(groups[0].targets.isEmpty)
    try await channel.close()
  }

  /// Answers everything with an empty list.
  private final class EmptyListAnswer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let request = String(buffer: unwrapInboundIn(data))
      let good = request.contains("Host: localhost") || request.contains("host: localhost")
      let text = "HTTP/1.1 \(good ? 200 : 400) X\r\ncontent-length: 2\r\n\r\n[]"
      context.writeAndFlush(
        wrapOutboundOut(context.channel.allocator.buffer(string: text)), promise: nil)
    }
  }

  @Test func `an engine that refuses or talks nonsense is an error`() async throws {
    for reply in [
      LocalServer.Reply.answer(status: 500, body: Array("boom".utf8)),
      .answer(body: Array("{}".utf8)), .answer(body: Array("[".utf8)), .hangUp,
    ] {
      let server = try await LocalServer { _ in reply }
      let text = try await DiscoveryHarness().failure(
        "docker_sd_configs: [{host: 'http://127.0.0.1:\(server.port)'}]")
      #expect(text.hasPrefix("error while listing containers: "))
    }
  }

  @Test func `an answer without an end is cut off at the bound`() async throws {
    let head = Array("HTTP/1.1 200 OK\r\n\r\n[".utf8)
    let server = try await LocalServer { _ in
      .endless(start: head, more: [UInt8](repeating: 32, count: 1 << 20))
    }
    let text = try await DiscoveryHarness().failure(
      "docker_sd_configs: [{host: 'http://127.0.0.1:\(server.port)'}]")
    #expect(text.contains("body size limit exceeded"))
  }
}

struct SwarmTests {
  private static let answers: [String: String] = [
    "/services": """
    [{"ID": "s1", "Spec": {"Name": "web", "Labels": {"team": "a"}, "Mode": {"Replicated": {}},
        "TaskTemplate": {"ContainerSpec": {"Image": "web:1", "Hostname": "h"}}},
      "UpdateStatus": {"State": "completed"},
      "Endpoint": {"Ports": [{"Name": "http", "Protocol": "tcp", "PublishedPort": 8080,
          "PublishMode": "ingress"}, {"Protocol": "udp", "PublishedPort": 53}],
        "VirtualIPs": [{"NetworkID": "net1", "Addr": "10.0.0.2/24"}]}}]
    """,
    "/nodes": """
    [{"ID": "n1", "Spec": {"Role": "manager", "Availability": "active", "Labels": {"z": "1"}},
      "Description": {"Hostname": "host-1", "Platform": {"Architecture": "x86_64", "OS": "linux"},
        "Engine": {"EngineVersion": "24.0"}},
      "Status": {"State": "ready", "Addr": "192.168.1.1"},
      "ManagerStatus": {"Leader": true, "Reachability": "reachable", "Addr": "192.168.1.1:2377"}}]
    """,
    "/tasks": """
    [{"ID": "t1", "ServiceID": "s1", "NodeID": "n1", "Slot": 3, "DesiredState": "running",
      "Spec": {"ContainerSpec": {"Labels": {"c": "d"}}},
      "Status": {"State": "running", "ContainerStatus": {"ContainerID": "cc"},
        "PortStatus": {"Ports": [{"Protocol": "tcp", "PublishedPort": 9000,
          "PublishMode": "host"}]}},
      "NetworksAttachments": [{"Network": {"ID": "net1"}, "Addresses": ["10.0.0.5/24"]}]}]
    """,
    "/networks": """
    [{"Id": "net1", "Name": "ingress", "Scope": "swarm", "Internal": false, "Ingress": true,
      "Labels": {}}]
    """,
  ]

  private func found(_ role: String) async throws -> (all: [[String: String]], asked: [String]) {
    let server = try await LocalServer { request in
      let path = String(request.target.prefix { $0 != "?" })
      return .answer(body: Array((Self.answers[path] ?? "").utf8))
    }
    let groups = try await DiscoveryHarness().first(
      """
      dockerswarm_sd_configs:
        - host: http://127.0.0.1:\(server.port)/
          role: \(role)
          filters: [{name: id, values: [x]}]
      """)
    #expect(groups.map(\.source) == ["DockerSwarm"])
    return (groups[0].all, server.requests.map(\.target))
  }

  private let network = [
    "__meta_dockerswarm_network_id": "net1", "__meta_dockerswarm_network_name": "ingress",
    "__meta_dockerswarm_network_scope": "swarm",
    "__meta_dockerswarm_network_internal": "false",
    "__meta_dockerswarm_network_ingress": "true",
  ]
  private let service = [
    "__meta_dockerswarm_service_id": "s1", "__meta_dockerswarm_service_name": "web",
    "__meta_dockerswarm_service_mode": "replicated",
    "__meta_dockerswarm_service_label_team": "a",
  ]
  private let node = [
    "__meta_dockerswarm_node_id": "n1", "__meta_dockerswarm_node_role": "manager",
    "__meta_dockerswarm_node_address": "192.168.1.1",
    "__meta_dockerswarm_node_availability": "active",
    "__meta_dockerswarm_node_hostname": "host-1", "__meta_dockerswarm_node_status": "ready",
    "__meta_dockerswarm_node_platform_architecture": "x86_64",
    "__meta_dockerswarm_node_platform_os": "linux", "__meta_dockerswarm_node_label_z": "1",
  ]

  @Test func `services are targets at their virtual addresses`() async throws {
    let found = try await found("services")
    #expect(
      found.all == [
        service.merging(network) { $1 }.merging([
          "__address__": "10.0.0.2:8080",
          "__meta_dockerswarm_service_endpoint_port_name": "http",
          "__meta_dockerswarm_service_endpoint_port_publish_mode": "ingress",
          "__meta_dockerswarm_service_task_container_hostname": "h",
          "__meta_dockerswarm_service_task_container_image": "web:1",
          "__meta_dockerswarm_service_updating_status": "completed",
        ]) { $1 }
      ])
    #expect(
      found.asked.prefix(2) == [
        "/services?filters=%7B%22id%22%3A%7B%22x%22%3Atrue%7D%7D", "/networks",
      ])
  }

  @Test func `nodes are targets at their addresses`() async throws {
    let found = try await found("nodes")
    #expect(
      found.all == [
        node.merging([
          "__address__": "192.168.1.1:80", "__meta_dockerswarm_node_engine_version": "24.0",
          "__meta_dockerswarm_node_manager_leader": "true",
          "__meta_dockerswarm_node_manager_reachability": "reachable",
          "__meta_dockerswarm_node_manager_address": "192.168.1.1:2377",
        ]) { $1 }
      ])
  }

  @Test func `tasks are targets at their published ports and in their networks`() async throws {
    let found = try await found("tasks")
    let task = service.merging(node) { $1 }.merging([
      "__meta_dockerswarm_task_id": "t1", "__meta_dockerswarm_task_slot": "3",
      "__meta_dockerswarm_task_state": "running",
      "__meta_dockerswarm_task_desired_state": "running",
      "__meta_dockerswarm_task_container_id": "cc",
      "__meta_dockerswarm_container_label_c": "d",
    ]) { $1 }
    #expect(
      found.all == [
        task.merging([
          "__address__": "192.168.1.1:9000",
          "__meta_dockerswarm_task_port_publish_mode": "host",
        ]) { $1 },
        task.merging(network) { $1 }.merging([
          "__address__": "10.0.0.5:8080",
          "__meta_dockerswarm_task_port_publish_mode": "ingress",
        ]) { $1 },
      ])
  }
}
