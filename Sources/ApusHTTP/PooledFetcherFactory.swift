package import ApusConfig
package import ApusSystem

/// Makes fetchers that share the process's event loops, each with a pool of connections of its own.
package struct PooledFetcherFactory: HTTPFetcherFactory {
  private let files: any FileSystem

  /// - Parameter files: where certificates and credentials are read.
  package init(files: any FileSystem) { self.files = files }

  package init() { self.init(files: PosixFileSystem()) }

  package func fetcher(for config: HTTPClientConfig) throws -> any HTTPFetcher {
    try PooledFetcher(config, files: files)
  }
}
