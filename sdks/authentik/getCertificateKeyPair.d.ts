import * as pulumi from "@pulumi/pulumi";

export declare function getCertificateKeyPair(
  args: GetCertificateKeyPairArgs,
  opts?: pulumi.InvokeOptions,
): Promise<GetCertificateKeyPairResult>;
export declare function getCertificateKeyPairOutput(
  args: GetCertificateKeyPairOutputArgs,
  opts?: pulumi.InvokeOutputOptions,
): pulumi.Output<GetCertificateKeyPairResult>;

/** What getCertificateKeyPair is asked. */
export interface GetCertificateKeyPairArgs {
  fetchCertificate?: boolean;
  /** Unless this is `false`, the private key is read too, and lands in state. */
  fetchKey?: boolean;
  keyData?: string;
  name: string;
}

/** What getCertificateKeyPair answers. */
export interface GetCertificateKeyPairResult {
  readonly certificateData: string;
  readonly expiry: string;
  readonly fetchCertificate?: boolean;
  readonly fetchKey?: boolean;
  readonly fingerprint1: string;
  readonly fingerprint256: string;
  readonly id: string;
  readonly keyData: string;
  readonly name: string;
  readonly subject: string;
}

/** What getCertificateKeyPairOutput is asked. */
export interface GetCertificateKeyPairOutputArgs {
  fetchCertificate?: pulumi.Input<boolean | undefined>;
  fetchKey?: pulumi.Input<boolean | undefined>;
  keyData?: pulumi.Input<string | undefined>;
  name: pulumi.Input<string>;
}
