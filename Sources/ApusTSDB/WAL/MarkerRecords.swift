package import ApusModel
internal import ApusSystem

// Mmap markers  | 5 | (series ref BE64 | head chunk ref BE64) ... |
//
// They stand in the out-of-order log only.
//
// Source: Prometheus, tsdb/record/record.go, MmapMarkers. Both directions stand here.

/// Says that the late samples of a series that were logged before stand in a chunk of chunks_head.
package struct MmapMarker: Sendable, Equatable {
  package let ref: SeriesRef
  /// Number of the `HeadChunkRef`; 0 where Prometheus began a chunk and wrote none.
  package let chunk: UInt64

  package init(ref: SeriesRef, chunk: UInt64) {
    self.ref = ref
    self.chunk = chunk
  }
}

extension WALBatch {
  package mutating func addMmapMarkers(_ markers: [MmapMarker]) {
    guard !markers.isEmpty else { return }
    add(.mmapMarkers) { writer in
      for marker in markers {
        writer.be64(marker.ref.number)
        writer.be64(marker.chunk)
      }
    }
  }
}

package enum MarkerRecords {
  package static func decode(_ record: Span<UInt8>) throws(RecordError) -> [MmapMarker] {
    var reader = try RecordLabels.begin(record, .mmapMarkers)
    var markers: [MmapMarker] = []
    do throws(ByteReaderError) {
      while !reader.isAtEnd {
        let ref = SeriesRef(try reader.be64())
        markers.append(MmapMarker(ref: ref, chunk: try reader.be64()))
      }
    } catch {
      throw .malformed(error)
    }
    return markers
  }
}
