internal import ApusModel
internal import ApusStorage

extension WebHandlers {
  func deleteSeries(_ request: WebRequest) async -> WebResponse {
    await administering { admin throws(APIError) in
      let form = request.form
      if let problem = form.problem {
        throw APIError(.badData, "error parsing form values: \(problem)")
      }
      guard form.has("match[]") else {
        throw APIError(.badData, "no match[] parameter provided")
      }
      let range = try Parameters.range(form)
      var lists: [[LabelMatcher]] = []
      for text in form.all("match[]") {
        lists.append(try Parameters.selector(text, parameter: "match[]"))
      }
      do throws(StorageError) {
        for list in lists { try admin.deleteSeries(in: range, matching: list) }
      } catch {
        throw APIError(administering: error)
      }
      return .noContent
    }
  }

  func cleanTombstones(_ request: WebRequest) async -> WebResponse {
    await administering { admin throws(APIError) in
      do throws(StorageError) {
        try admin.cleanTombstones()
      } catch {
        throw APIError(administering: error)
      }
      return .noContent
    }
  }

  func snapshot(_ request: WebRequest) async -> WebResponse {
    await administering { admin throws(APIError) in
      let text = request.form.first("skip_head")
      guard let skipsHead = text.isEmpty ? false : GoBool.parse(text) else {
        throw .invalid(
          "skip_head", "unable to parse boolean: \(GoBool.problem(text))")
      }
      do throws(StorageError) {
        let name = try admin.snapshot(skipHead: skipsHead)
        return Envelope.success { json in
          json.raw(#"{"name":"#)
          json.string(name)
          json.raw("}")
        }
      } catch {
        throw APIError(
          administering: StorageError(error.reason, "create snapshot: \(error.description)"))
      }
    }
  }

  private func administering(
    _ work: @escaping @Sendable (any StorageAdmin) throws(APIError) -> WebResponse
  ) async -> WebResponse {
    await answering { () async throws(APIError) in
      guard options.allowsAdmin else {
        throw APIError(.unavailable, "admin APIs disabled")
      }
      let admin = backends.storage.admin
      return try await onWorker { () throws(APIError) in try work(admin) }
    }
  }
}
