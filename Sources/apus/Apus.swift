internal import ApusServer
internal import ApusSystem
internal import Glibc

/// The server.
@main
struct Apus {
  static func main() async {
    let command = ServerCommand(
      files: PosixFileSystem(), clock: SystemWallClock(), random: SystemRandomSource(),
      environment: ProcessEnvironment.value)
    exit(await command.run(Array(CommandLine.arguments.dropFirst())))
  }
}
