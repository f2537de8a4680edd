package import ApusConfig
internal import ApusModel
package import ApusStorage
package import ApusSystem
package import ApusTelemetry

/// Takes metrics of OpenTelemetry (OTLP over HTTP, protobuf) and hands them to a store.
///
/// Blocking: call it on a worker. Any number of calls may run at one time.
package final class OTLPReceiver: Sendable {
  private let appender: any Appender
  private let clock: any WallClock
  private let log: Log
  private let config: @Sendable () -> OTLPConfig
  private let infoIntervalMs: Int64
  private let addsTypeAndUnit: Bool

  /// - Parameters:
  ///   - lookbackDeltaMs: how long `target_info` is seen after a sample of it.
  ///   - addsTypeAndUnit: whether series get the type and unit of their metric as labels.
  package init(
    appender: any Appender, clock: any WallClock, log: Log, lookbackDeltaMs: Int64,
    addsTypeAndUnit: Bool = false, config: @escaping @Sendable () -> OTLPConfig
  ) {
    self.appender = appender
    self.clock = clock
    self.log = log
    self.config = config
    self.addsTypeAndUnit = addsTypeAndUnit
    infoIntervalMs = max(1000, lookbackDeltaMs / 2)
  }

  package func receive(
    contentType: String?, contentEncoding: String?, body: [UInt8]
  ) -> WriteReceiver.Outcome {
    do throws(WriteFailure) {
      let bytes = try decode(contentType, contentEncoding, body)
      var translator = OTLPTranslator(config: config(), infoIntervalMs: infoIntervalMs)
      translator.addsTypeAndUnit = addsTypeAndUnit
      do throws(ProtobufError) {
        try translator.translate(bytes.span)
      } catch {
        throw .request(error.description)
      }
      for warning in translator.batch.warnings {
        log.warning("Error translating OTLP metrics to Prometheus write request", ["err": warning])
      }
      return try store(translator.batch)
    } catch {
      switch error {
      case .request(let text):
        log.error("Error decoding OTLP write request", ["err": text])
        return .init(status: 400, text: text)
      case .storage(let failure):
        log.error("Error appending remote write", ["err": failure.description])
        return .init(status: 500, text: failure.description)
      }
    }
  }

  private func decode(
    _ contentType: String?, _ contentEncoding: String?, _ body: [UInt8]
  ) throws(WriteFailure) -> [UInt8] {
    guard contentType == "application/x-protobuf" else {
      throw .request(
        "unsupported content type: \(contentType ?? ""), supported: [application/x-protobuf]")
    }
    switch contentEncoding ?? "" {
    case "": return body
    case "gzip":
      do throws(CodecError) {
        return try Gzip.expand(body, maxBytes: Limits.writeBytesMax)
      } catch {
        throw .request(error.description)
      }
    case let other:
      throw .request("unsupported compression: \(other). Only \"gzip\" or no compression supported")
    }
  }

  private func store(_ found: OTLPBatch) throws(WriteFailure) -> WriteReceiver.Outcome {
    guard !found.series.isEmpty else { return .init(status: 200) }
    let latestMs = clock.nowMs + Limits.aheadMs
    var problem: String?
    let outcome: AppendOutcome
    var batch = AppendBatch()
    do throws(StorageError) {
      let refs = try appender.resolve(found.series)
      for sample in found.samples {
        guard sample.timeMs <= latestMs else {
          problem = problem ?? AppendError.outOfBounds.text
          continue
        }
        batch.append(refs[sample.series], timeMs: sample.timeMs, value: sample.value)
      }
      for (series, timeMs, histogram) in found.histograms {
        guard timeMs <= latestMs else {
          problem = problem ?? AppendError.outOfBounds.text
          continue
        }
        batch.append(refs[series], timeMs: timeMs, histogram: histogram)
      }
      for (series, exemplar) in found.exemplars {
        batch.exemplars.append((refs[series], exemplar))
      }
      outcome = try appender.append(batch)
    } catch {
      throw .storage(error)
    }
    let text = problem ?? outcome.rejections.first?.text(in: batch)
    return text.map { .init(status: 400, text: $0) } ?? .init(status: 200)
  }
}
