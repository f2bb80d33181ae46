"""What a bundle says of itself to whoever opens it with nothing but an archive program."""

from __future__ import annotations

_README = """\
案件证据包 / Bundle of case {case}

本包为 ASiC-E 容器（ETSI EN 319 162-1），不依赖我方任何系统即可核验。
- bundle.json       机构的陈述：案件、记录条数、证物与文件清单
- entries/ proofs/  日志中的全部记录及其证明（C2SP tlog-proof）；逐条相接，中间没有隐去的步骤
- openings.json     记录所承诺内容的公开部分
- checkpoints/      较早的日志检查点、一致性证明、时间戳与锚定
- objects/          证物原件（仅在加密给司法机关的包内）
- META-INF/         清单、印章签名（CAdES）、时间戳（RFC 3161）
- policy.txt        我们公布的日志密钥，仅供参考
核验所需的密钥与证书请从别处（见证方、监管部门、证书机构）取得，不得取自本包：
  python countermand-verify.pyz case.asice --policy policy.txt --seal-ca seal-ca.pem --tsa-ca tsa-ca.pem
  结果：0 有效；1 不可信；2 尚不完整
不用我们的程序：
  unzip -t case.asice && unzip case.asice -d case && cd case
  openssl cms -verify -cades -binary -inform DER -in META-INF/signature001.p7s \\
    -content META-INF/ASiCManifest001.xml -CAfile seal-ca.pem -purpose any -out /dev/null
  openssl ts -verify -token_in -in META-INF/timestamp001.tst \\
    -data META-INF/ASiCManifest002.xml -CAfile tsa-ca.pem
  openssl dgst -sha256 -binary 文件 | base64   与 META-INF/ASiCManifest001.xml 中的 DigestValue 比对

This is an ASiC-E container (ETSI EN 319 162-1). It is checked without any system of ours.
- bundle.json       what the institution states: the case, how many entries, its exhibits and documents
- entries/ proofs/  every entry of the log with its proof (C2SP tlog-proof), each naming the one before it
- openings.json     what is shown of the values that entries commit to
- checkpoints/      earlier checkpoints of the log with consistency proofs, time stamps and anchors
- objects/          the exhibits themselves (only in a bundle encrypted for a court)
- META-INF/         manifest, seal (CAdES), time stamp (RFC 3161)
- policy.txt        our log's keys, for comfort alone
Get keys and certificates from somebody else (a witness, a regulator, the certificate authority):
  python countermand-verify.pyz case.asice --policy policy.txt --seal-ca seal-ca.pem --tsa-ca tsa-ca.pem
  Answer: 0 valid; 1 forged; 2 incomplete
Without any program of ours: the commands above; each file's SHA-256 stands in META-INF/ASiCManifest001.xml.
"""


def bundle_readme(case: str) -> bytes:
    """The text, in both languages, for a case's number as it is shown."""
    return _README.format(case=case).encode()
