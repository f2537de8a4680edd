/// Certificates for tests, good for a hundred years: an authority, a server on loopback, a client.
enum TestCertificates {
  static let authority = """
    -----BEGIN CERTIFICATE-----
    MIIBcDCCARegAwIBAgIUePl1R2kwjI6wfuPMVy5ssHqf9PowCgYIKoZIzj0EAwIw
    DTELMAkGA1UEAwwCY2EwIBcNMjYxMTIxMTkwMjUzWhgPMjEyNjEwMjgxOTAyNTNa
    MA0xCzAJBgNVBAMMAmNhMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEDuk4kttf
    dr7/2e2cuNUlkMWKMHM+VyRuqjAJpIxPpPK/UluI12Z2TviVL3PX5Pce0cUXYoHn
    2nCArBUV2rVaJqNTMFEwHQYDVR0OBBYEFCq6fzBmmRdCNBmwdybxxoMo1kGxMB8G
    A1UdIwQYMBaAFCq6fzBmmRdCNBmwdybxxoMo1kGxMA8GA1UdEwEB/wQFMAMBAf8w
    CgYIKoZIzj0EAwIDRwAwRAIgY8nUMgs/U0CuvCpHU0iyq59lipexvBGvbfz/JyAH
    GFACIDlljTNoGI88DNQK1plTy/cUlnSXCk5KfoHhAdBIFRvb
    -----END CERTIFICATE-----

    """

  /// For `localhost` and 127.0.0.1.
  static let server = """
    -----BEGIN CERTIFICATE-----
    MIIBgDCCASagAwIBAgIUJsGMRAyXoPFovyZhiKX5l6cFSP0wCgYIKoZIzj0EAwIw
    DTELMAkGA1UEAwwCY2EwIBcNMjYxMTIxMTkwMjUzWhgPMjEyNjEwMjgxOTAyNTNa
    MBExDzANBgNVBAMMBnNlcnZlcjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHlT
    DXDvYxUDe/xjMUfMWn9t2YlYxvtxSP3EJd3qI09fwaThnELADE4XGp7K68SwunnO
    sqARcp/tsw2dgNuIsvWjXjBcMBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAd
    BgNVHQ4EFgQUTSCzpOagiODBm7oPNkIXNNWC/0cwHwYDVR0jBBgwFoAUKrp/MGaZ
    F0I0GbB3JvHGgyjWQbEwCgYIKoZIzj0EAwIDSAAwRQIgEKDNppPMcP8jfDLnz5Q5
    OdWkxl7ExUx6MDa8KSmRmdwCIQDPss2gkBmMyc3DB6L7srfC8CtqOm+MgYRIi090
    M4kBmg==
    -----END CERTIFICATE-----

    """

  static let serverKey = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgDsIdK0O4H2zvsmL3
    SaLw1pJog6zCXe/cpgwwyQo28MGhRANCAAR5Uw1w72MVA3v8YzFHzFp/bdmJWMb7
    cUj9xCXd6iNPX8Gk4ZxCwAxOFxqeyuvEsLp5zrKgEXKf7bMNnYDbiLL1
    -----END PRIVATE KEY-----

    """

  /// For `good.example`.
  static let client = """
    -----BEGIN CERTIFICATE-----
    MIIBfDCCASOgAwIBAgIUJsGMRAyXoPFovyZhiKX5l6cFSP4wCgYIKoZIzj0EAwIw
    DTELMAkGA1UEAwwCY2EwIBcNMjYxMTIxMTkwMjUzWhgPMjEyNjEwMjgxOTAyNTNa
    MBExDzANBgNVBAMMBmNsaWVudDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLTp
    qm1QAHg+0TwwHhad+a7FyfKwE1yY4JISAlx9pVrCxMaDFvwTNIN55g2O1e4cOF7N
    8pCzSYga49Ol/bpgsc+jWzBZMBcGA1UdEQQQMA6CDGdvb2QuZXhhbXBsZTAdBgNV
    HQ4EFgQUHlnXWHQMfkhTNYMi4YKsUIQ3T+cwHwYDVR0jBBgwFoAUKrp/MGaZF0I0
    GbB3JvHGgyjWQbEwCgYIKoZIzj0EAwIDRwAwRAIgPrurPVhv4sND468SyskR41Oc
    yZ6nBanVo8CURWhcBGkCIHADf4oHftOObXh78GeKLYSgixgCT+2pILTypS5EOwIN
    -----END CERTIFICATE-----

    """

  static let clientKey = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgHU/x5+VZn7WoA1hQ
    AuVkhLqA4n1hVYhbY/awz/LRJA+hRANCAAS06aptUAB4PtE8MB4WnfmuxcnysBNc
    mOCSEgJcfaVawsTGgxb8EzSDeeYNjtXuHDhezfKQs0mIGuPTpf26YLHP
    -----END PRIVATE KEY-----

    """
}
