import ApusConfig
import ApusModel
import Testing

@testable import ApusDiscovery

struct KubernetesGroupsTests {
  private let pod = """
    {"metadata": {"name": "web-1", "namespace": "ns", "uid": "u1",
       "labels": {"app.kubernetes.io/name": "web"}, "annotations": {"a-b": "c"},
       "ownerReferences": [{"kind": "ReplicaSet", "name": "web-rs", "controller": true}]},
     "spec": {"nodeName": "node-1",
       "containers": [
         {"name": "main", "image": "web:1", "ports": [
           {"name": "http", "containerPort": 8080, "protocol": "TCP"},
           {"name": "admin", "containerPort": 9000, "protocol": "TCP"}]},
         {"name": "side", "image": "side:1"}],
       "initContainers": [{"name": "init", "image": "init:1"}]},
     "status": {"podIP": "10.1.1.1", "hostIP": "10.0.0.1", "phase": "Running",
       "conditions": [{"type": "Ready", "status": "True"}],
       "containerStatuses": [{"name": "main", "containerID": "containerd://x"}]}}
    """
  private let podLabels = [
    "__meta_kubernetes_pod_annotation_a_b": "c",
    "__meta_kubernetes_pod_annotationpresent_a_b": "true",
    "__meta_kubernetes_pod_controller_kind": "ReplicaSet",
    "__meta_kubernetes_pod_controller_name": "web-rs",
    "__meta_kubernetes_pod_host_ip": "10.0.0.1", "__meta_kubernetes_pod_ip": "10.1.1.1",
    "__meta_kubernetes_pod_label_app_kubernetes_io_name": "web",
    "__meta_kubernetes_pod_labelpresent_app_kubernetes_io_name": "true",
    "__meta_kubernetes_pod_name": "web-1", "__meta_kubernetes_pod_node_name": "node-1",
    "__meta_kubernetes_pod_phase": "Running", "__meta_kubernetes_pod_ready": "true",
    "__meta_kubernetes_pod_uid": "u1",
  ]
  private let service = """
    {"metadata": {"name": "web", "namespace": "ns", "labels": {"l": "v"},
       "annotations": {"prometheus.io/scrape": "true"}},
     "spec": {"type": "LoadBalancer", "clusterIP": "1.2.3.4", "loadBalancerIP": "5.6.7.8",
       "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}}
    """
  private let serviceLabels = [
    "__meta_kubernetes_service_name": "web",
    "__meta_kubernetes_service_label_l": "v",
    "__meta_kubernetes_service_labelpresent_l": "true",
    "__meta_kubernetes_service_annotation_prometheus_io_scrape": "true",
    "__meta_kubernetes_service_annotationpresent_prometheus_io_scrape": "true",
  ]
  private let node = """
    {"metadata": {"name": "node-1", "labels": {"zone": "z1"}, "annotations": {"n": "1"}},
     "spec": {"providerID": "aws:///i-1"},
     "status": {"addresses": [
         {"type": "Hostname", "address": "host-1"}, {"type": "ExternalIP", "address": "9.9.9.9"},
         {"type": "InternalIP", "address": "10.0.0.1"},
         {"type": "InternalIP", "address": "10.0.0.2"}],
       "conditions": [{"type": "Ready", "status": "True"},
         {"type": "MemoryPressure", "status": "False"}],
       "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}}}}
    """
  private let namespace = """
    {"metadata": {"name": "ns", "labels": {"team": "t"}, "annotations": {"note": "x"}}}
    """

  /// The group of an object of a role, with others around it.
  private func group(
    _ role: KubernetesDiscoveryConfig.Role, _ objects: [(KubernetesResource, String)],
    _ attached: KubernetesDiscoveryConfig.AttachedMetadata = .init()
  ) throws -> TargetGroup {
    var known = KubernetesObjects()
    var key: KubernetesKey?
    for (resource, text) in objects {
      let put = known.put(try JSONTree.parse(Array(text.utf8)), resource)
      if resource == role.resource { key = put.key }
    }
    return KubernetesGroups(role: role, attached: attached).group(try #require(key), known)
  }

  @Test func `a pod has a target for each port, and one for each container without`() throws {
    let group = try group(.pod, [(.pod, pod)])
    #expect(group.source == "pod/ns/web-1")
    #expect(
      group.addresses == ["10.1.1.1:8080", "10.1.1.1:9000", "10.1.1.1", "10.1.1.1"])
    let expected = podLabels.merging([
      "__address__": "10.1.1.1:8080", "__meta_kubernetes_namespace": "ns",
      "__meta_kubernetes_pod_container_id": "containerd://x",
      "__meta_kubernetes_pod_container_image": "web:1",
      "__meta_kubernetes_pod_container_init": "false",
      "__meta_kubernetes_pod_container_name": "main",
      "__meta_kubernetes_pod_container_port_name": "http",
      "__meta_kubernetes_pod_container_port_number": "8080",
      "__meta_kubernetes_pod_container_port_protocol": "TCP",
    ]) { $1 }
    #expect(group.all[0] == expected)
    #expect(group.all[2]["__meta_kubernetes_pod_container_port_number"] == nil)
    #expect(group.all[3]["__meta_kubernetes_pod_container_init"] == "true")
  }

  @Test func `a pod without an address is no target, and one of IPv6 stands in brackets`() throws {
    let none = pod.replacing(#""podIP": "10.1.1.1", "#, with: "")
    #expect(try group(.pod, [(.pod, none)]).targets.isEmpty)
    let six = try group(
      .pod, [(.pod, pod.replacing(#""podIP": "10.1.1.1""#, with: #""podIP": "fd00::1""#))])
    #expect(six.addresses == ["[fd00::1]:8080", "[fd00::1]:9000", "[fd00::1]", "[fd00::1]"])
  }

  @Test func `what is attached to a pod comes from its node, namespace and owners`() throws {
    var attached = KubernetesDiscoveryConfig.AttachedMetadata()
    attached.node = true
    attached.namespace = true
    attached.deployment = true
    let replicaSet = """
      {"metadata": {"name": "web-rs", "namespace": "ns",
        "ownerReferences": [{"kind": "Deployment", "name": "web-dep", "controller": true}]}}
      """
    let labels = try group(
      .pod,
      [(.node, node), (.namespace, namespace), (.replicaset, replicaSet), (.pod, pod)], attached
    ).all[0]
    #expect(labels["__meta_kubernetes_node_name"] == "node-1")
    #expect(labels["__meta_kubernetes_node_label_zone"] == "z1")
    #expect(labels["__meta_kubernetes_node_labelpresent_zone"] == "true")
    #expect(labels["__meta_kubernetes_namespace_label_team"] == "t")
    #expect(labels["__meta_kubernetes_namespace_annotation_note"] == "x")
    #expect(labels["__meta_kubernetes_namespace"] == "ns")
    #expect(labels["__meta_kubernetes_pod_deployment_name"] == "web-dep")
    attached.job = true
    attached.cronJob = true
    let job = replicaSet.replacing("web-rs", with: "run-1").replacing("Deployment", with: "CronJob")
    let run = pod.replacing("ReplicaSet", with: "Job").replacing("web-rs", with: "run-1")
    let ofJob = try group(.pod, [(.job, job), (.pod, run)], attached).all[0]
    #expect(ofJob["__meta_kubernetes_pod_job_name"] == "run-1")
    #expect(ofJob["__meta_kubernetes_pod_cronjob_name"] == "web-dep")
  }

  @Test func `a service has a target for each port`() throws {
    let group = try group(.service, [(.service, service)])
    #expect(group.source == "svc/ns/web")
    #expect(
      group.all[0]
        == serviceLabels.merging([
          "__address__": "web.ns.svc:80", "__meta_kubernetes_namespace": "ns",
          "__meta_kubernetes_service_cluster_ip": "1.2.3.4",
          "__meta_kubernetes_service_loadbalancer_ip": "5.6.7.8",
          "__meta_kubernetes_service_port_name": "http",
          "__meta_kubernetes_service_port_number": "80",
          "__meta_kubernetes_service_port_protocol": "TCP",
          "__meta_kubernetes_service_type": "LoadBalancer",
        ]) { $1 })
    let external = service.replacing(
      #""type": "LoadBalancer""#, with: #""type": "ExternalName", "externalName": "x.org""#)
    let labels = try self.group(.service, [(.service, external)]).all[0]
    #expect(labels["__meta_kubernetes_service_external_name"] == "x.org")
    #expect(labels["__meta_kubernetes_service_cluster_ip"] == nil)
  }

  @Test func `a node is its kubelet, at the best of its addresses`() throws {
    let group = try group(.node, [(.node, node)])
    #expect(group.source == "node/node-1")
    #expect(
      group.all == [
        [
          "__address__": "10.0.0.1:10250", "instance": "node-1",
          "__meta_kubernetes_node_name": "node-1",
          "__meta_kubernetes_node_provider_id": "aws:///i-1",
          "__meta_kubernetes_node_address_InternalIP": "10.0.0.1",
          "__meta_kubernetes_node_address_ExternalIP": "9.9.9.9",
          "__meta_kubernetes_node_address_Hostname": "host-1",
          "__meta_kubernetes_node_condition_ready": "true",
          "__meta_kubernetes_node_condition_memorypressure": "false",
          "__meta_kubernetes_node_label_zone": "z1",
          "__meta_kubernetes_node_labelpresent_zone": "true",
          "__meta_kubernetes_node_annotation_n": "1",
          "__meta_kubernetes_node_annotationpresent_n": "true",
        ]
      ])
  }

  @Test func `an ingress has a target for each path, and knows for which hosts there is TLS`()
    throws
  {
    let group = try group(
      .ingress,
      [
        (
          .ingress,
          """
          {"metadata": {"name": "i", "namespace": "ns"},
           "spec": {"ingressClassName": "nginx", "tls": [{"hosts": ["*.sec.org"]}],
             "rules": [
               {"host": "a.sec.org", "http": {"paths": [{"path": "/x"}, {"path": ""}]}},
               {"host": "b.a.sec.org"}]}}
          """
        )
      ])
    #expect(group.source == "ingress/ns/i")
    #expect(
      group.all[0] == [
        "__address__": "a.sec.org", "__meta_kubernetes_ingress_class_name": "nginx",
        "__meta_kubernetes_ingress_host": "a.sec.org", "__meta_kubernetes_ingress_name": "i",
        "__meta_kubernetes_ingress_path": "/x", "__meta_kubernetes_ingress_scheme": "https",
        "__meta_kubernetes_namespace": "ns",
      ])
    #expect(group.all.map { $0["__meta_kubernetes_ingress_path"] } == ["/x", "/", "/"])
    #expect(group.all[2]["__meta_kubernetes_ingress_scheme"] == "http")
  }

  private let endpoints = """
    {"metadata": {"name": "web", "namespace": "ns", "labels": {"e": "f"}},
     "subsets": [{
       "addresses": [{"ip": "10.1.1.1", "nodeName": "node-1", "hostname": "h",
         "targetRef": {"kind": "Pod", "namespace": "ns", "name": "web-1"}}],
       "notReadyAddresses": [{"ip": "10.1.1.7"}],
       "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}]}]}
    """

  @Test func `endpoints carry service and pod, and ports of pods that no endpoint has`() throws {
    var attached = KubernetesDiscoveryConfig.AttachedMetadata()
    attached.node = true
    let group = try group(
      .endpoints,
      [(.pod, pod), (.service, service), (.node, node), (.endpoints, endpoints)], attached)
    #expect(group.source == "endpoints/ns/web")
    #expect(group.addresses == ["10.1.1.1:8080", "10.1.1.7:8080", "10.1.1.1:9000"])
    let first = group.all[0]
    let expected = podLabels.merging(serviceLabels) { $1 }.merging([
      "__address__": "10.1.1.1:8080", "__meta_kubernetes_namespace": "ns",
      "__meta_kubernetes_endpoint_address_target_kind": "Pod",
      "__meta_kubernetes_endpoint_address_target_name": "web-1",
      "__meta_kubernetes_endpoint_hostname": "h",
      "__meta_kubernetes_endpoint_node_name": "node-1",
      "__meta_kubernetes_endpoint_port_name": "http",
      "__meta_kubernetes_endpoint_port_protocol": "TCP",
      "__meta_kubernetes_endpoint_ready": "true",
      "__meta_kubernetes_endpoints_label_e": "f",
      "__meta_kubernetes_endpoints_labelpresent_e": "true",
      "__meta_kubernetes_endpoints_name": "web",
      "__meta_kubernetes_node_annotation_n": "1",
      "__meta_kubernetes_node_annotationpresent_n": "true",
      "__meta_kubernetes_node_label_zone": "z1",
      "__meta_kubernetes_node_labelpresent_zone": "true",
      "__meta_kubernetes_node_name": "node-1",
      "__meta_kubernetes_pod_container_image": "web:1",
      "__meta_kubernetes_pod_container_init": "false",
      "__meta_kubernetes_pod_container_name": "main",
      "__meta_kubernetes_pod_container_port_name": "http",
      "__meta_kubernetes_pod_container_port_number": "8080",
      "__meta_kubernetes_pod_container_port_protocol": "TCP",
    ]) { $1 }
    #expect(first == expected)
    #expect(group.all[1]["__meta_kubernetes_endpoint_ready"] == "false")
    #expect(group.all[1]["__meta_kubernetes_pod_name"] == nil)
    #expect(group.all[2]["__meta_kubernetes_pod_container_port_name"] == "admin")
    #expect(group.all[2]["__meta_kubernetes_endpoint_ready"] == nil)
  }

  private let slice = """
    {"metadata": {"name": "web-abc", "namespace": "ns",
       "labels": {"kubernetes.io/service-name": "web"}, "annotations": {"x": "y"}},
     "addressType": "IPv4",
     "endpoints": [{"addresses": ["10.1.1.1"], "nodeName": "node-1", "zone": "z1",
       "hostname": "h", "conditions": {"ready": true, "serving": true, "terminating": false},
       "deprecatedTopology": {"kubernetes.io/hostname": "n"},
       "targetRef": {"kind": "Pod", "namespace": "ns", "name": "web-1"}}],
     "ports": [{"name": "http", "port": 8080, "protocol": "TCP", "appProtocol": "http"}]}
    """

  @Test func `an endpoint slice carries its own labels besides those of service and pod`() throws {
    let group = try group(
      .endpointslice, [(.pod, pod), (.service, service), (.endpointslice, slice)])
    #expect(group.source == "endpointslice/ns/web-abc")
    #expect(group.addresses == ["10.1.1.1:8080", "10.1.1.1:9000"])
    let own = group.all[0].filter { $0.key.hasPrefix("__meta_kubernetes_endpointslice_") }
    let prefix = "__meta_kubernetes_endpointslice_"
    #expect(
      Dictionary(
        uniqueKeysWithValues: own.map { (String($0.key.dropFirst(prefix.count)), $0.value) })
        == [
          "name": "web-abc", "address_type": "IPv4", "annotation_x": "y",
          "annotationpresent_x": "true", "label_kubernetes_io_service_name": "web",
          "labelpresent_kubernetes_io_service_name": "true", "address_target_kind": "Pod",
          "address_target_name": "web-1", "endpoint_conditions_ready": "true",
          "endpoint_conditions_serving": "true", "endpoint_conditions_terminating": "false",
          "endpoint_hostname": "h", "endpoint_node_name": "node-1", "endpoint_zone": "z1",
          "endpoint_topology_kubernetes_io_hostname": "n",
          "endpoint_topology_present_kubernetes_io_hostname": "true", "port": "8080",
          "port_app_protocol": "http", "port_name": "http", "port_protocol": "TCP",
        ])
    #expect(group.all[0]["__meta_kubernetes_service_name"] == "web")
    #expect(group.all[0]["__meta_kubernetes_pod_name"] == "web-1")
  }

  @Test func `objects of odd shapes make no trouble`() throws {
    for text in [
      "{}", #"{"metadata": []}"#, #"{"metadata": {"labels": [1]}, "spec": 7, "status": "x"}"#,
      #"{"subsets": {"a": 1}, "endpoints": [1, null], "ports": [null], "spec": {"rules": [1]}}"#,
    ] {
      for role in KubernetesDiscoveryConfig.Role.allCases {
        #expect(try group(role, [(role.resource, text)]).targets.count <= 1)
      }
    }
  }

  @Test func `a change of what a group shows makes it be told again, and no other`() async throws {
    let config = KubernetesDiscoveryConfig(role: .endpointslice)
    func part(_ resource: KubernetesResource) -> KubernetesStore.Part {
      KubernetesStore.Part(resource: resource, namespace: "")
    }
    let parts = [part(.endpointslice), part(.service), part(.pod)]
    let harness = DiscoveryHarness()
    let store = KubernetesStore(config, parts: parts, metrics: harness.metrics.kubernetes)
    func tree(_ text: String) throws -> JSONTree { try JSONTree.parse(Array(text.utf8)) }
    let other = slice.replacing("web-abc", with: "db-abc").replacing(
      #""kubernetes.io/service-name": "web""#, with: #""kubernetes.io/service-name": "db""#
    ).replacing("web-1", with: "db-1")
    await store.replace(part(.endpointslice), [try tree(slice), try tree(other)])
    await store.replace(part(.service), [try tree(service)])
    // Nothing is told before all has been seen.
    #expect(await store.takeChanges().isEmpty)
    await store.replace(part(.pod), [try tree(pod)])
    #expect(
      await store.takeChanges().map(\.source)
        == ["endpointslice/ns/db-abc", "endpointslice/ns/web-abc"])
    await store.update(part(.pod), try tree(pod))
    #expect(await store.takeChanges().isEmpty)
    await store.update(part(.pod), try tree(pod.replacing("Running", with: "Failed")))
    #expect(await store.takeChanges().map(\.source) == ["endpointslice/ns/web-abc"])
    await store.delete(part(.service), try tree(service))
    let changes = await store.takeChanges()
    #expect(changes.map(\.source) == ["endpointslice/ns/web-abc"])
    #expect(changes[0].labels["__meta_kubernetes_service_name"] == nil)
    await store.delete(part(.endpointslice), try tree(other))
    #expect(await store.takeChanges().map(\.targets.count) == [0])
  }
}
