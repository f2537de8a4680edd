"""Samples, native histograms and exemplars as a remote write request: protobuf and snappy, by hand."""
import struct, urllib.request


def varint(n):
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def zigzag(n):
    return varint(n << 1 if n >= 0 else (-n << 1) - 1)


def field(number, wire, payload):
    return varint(number << 3 | wire) + payload


def message(number, payload):
    return field(number, 2, varint(len(payload)) + payload)


def text(number, value):
    return message(number, value.encode())


def integer(number, value):
    return field(number, 0, varint(value & (1 << 64) - 1))


def double(number, value):
    return field(number, 1, struct.pack("<d", value))


def label(name, value):
    return text(1, name) + text(2, value)


def sample(value, time_ms):
    return double(1, value) + integer(2, time_ms)


def exemplar(labels, value, time_ms):
    return b"".join(message(1, label(*pair)) for pair in sorted(labels.items())) + double(2, value) + integer(3, time_ms)


def spans(number, pairs):
    return b"".join(message(number, field(1, 0, zigzag(offset)) + integer(2, length)) for offset, length in pairs)


def histogram(buckets, zero, total, time_ms, schema=1):
    """Integer counts of positive buckets in two spans, with a gap of one after the first half."""
    half = len(buckets) // 2
    deltas, last = b"", 0
    for count in buckets:
        deltas += zigzag(count - last)
        last = count
    return (integer(1, sum(buckets) + zero) + double(3, total) + field(4, 0, zigzag(schema)) + double(5, 0.001)
            + integer(6, zero) + spans(11, [(0, half), (1, len(buckets) - half)]) + message(12, deltas)
            + integer(15, time_ms))


def series(labels, samples=(), histograms=(), exemplars=()):
    return message(1, b"".join(message(1, label(*pair)) for pair in sorted(labels.items()))
                   + b"".join(message(2, s) for s in samples) + b"".join(message(3, e) for e in exemplars)
                   + b"".join(message(4, h) for h in histograms))


def snappy(data):
    """As literals only, which every reader takes."""
    out = varint(len(data))
    for i in range(0, len(data), 65536):
        piece = data[i:i + 65536]
        out += bytes([61 << 2]) + struct.pack("<H", len(piece) - 1) + piece
    return out


def send(url, all_series):
    request = urllib.request.Request(
        url + "/api/v1/write", data=snappy(b"".join(all_series)), method="POST",
        headers={"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf",
                 "X-Prometheus-Remote-Write-Version": "0.1.0"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.status
