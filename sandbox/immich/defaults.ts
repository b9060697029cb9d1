/**
 * Immich's default settings, as a 1.135.3 answers them, and the OAuth keys by version. The order is
 * that of Immich's own answers.
 */
import type { JsonObject } from "./merge";
import { withNewer } from "./newerDefaults";
import { atLeast, type Version } from "./versions";

/**
 * A fresh copy of the defaults of `version`. Sections other than `oauth` are those of 1.135.3 in every
 * version before it, too.
 */
export function defaultsOf(version: Version): JsonObject {
  const defaults: JsonObject = structuredClone(DEFAULTS);
  const oauth = Object.fromEntries(
    Object.entries(DEFAULTS.oauth).filter(([key]) => atLeast(version, SINCE[key] ?? "1.42.0")),
  ) as JsonObject;
  if ("defaultStorageQuota" in oauth && !atLeast(version, "1.135.0")) {
    oauth["defaultStorageQuota"] = 0;
  }
  return withNewer(version, { ...defaults, oauth });
}

/** OAuth keys that came later than 1.42.0, and the version that brought them. */
const SINCE: Readonly<Record<string, string>> = {
  storageLabelClaim: "1.68.0",
  signingAlgorithm: "1.95.0",
  storageQuotaClaim: "1.98.0",
  defaultStorageQuota: "1.98.0",
  profileSigningAlgorithm: "1.109.0",
  timeout: "1.133.0",
  tokenEndpointAuthMethod: "1.133.0",
  roleClaim: "1.138.1",
  prompt: "3.0.0",
  endSessionEndpoint: "3.0.0",
  allowInsecureRequests: "3.0.0",
  accountManagementUrl: "3.2.2",
};

const DEFAULTS = {
  backup: { database: { enabled: true, cronExpression: "0 02 * * *", keepLastAmount: 14 } },
  ffmpeg: {
    crf: 23,
    threads: 0,
    preset: "ultrafast",
    targetVideoCodec: "h264",
    acceptedVideoCodecs: ["h264"],
    targetAudioCodec: "aac",
    acceptedAudioCodecs: ["aac", "mp3", "libopus", "pcm_s16le"],
    acceptedContainers: ["mov", "ogg", "webm"],
    targetResolution: "720",
    maxBitrate: "0",
    bframes: -1,
    refs: 0,
    gopSize: 0,
    temporalAQ: false,
    cqMode: "auto",
    twoPass: false,
    preferredHwDevice: "auto",
    transcode: "required",
    accel: "disabled",
    accelDecode: false,
    tonemap: "hable",
  },
  logging: { enabled: true, level: "log" },
  machineLearning: {
    enabled: false,
    urls: ["http://immich-machine-learning:3003"],
    clip: { enabled: true, modelName: "ViT-B-32__openai" },
    duplicateDetection: { enabled: true, maxDistance: 0.01 },
    facialRecognition: {
      enabled: true,
      modelName: "buffalo_l",
      minScore: 0.7,
      maxDistance: 0.5,
      minFaces: 3,
    },
  },
  map: {
    enabled: true,
    lightStyle: "https://tiles.immich.cloud/v1/style/light.json",
    darkStyle: "https://tiles.immich.cloud/v1/style/dark.json",
  },
  newVersionCheck: { enabled: true },
  oauth: {
    autoLaunch: false,
    autoRegister: true,
    buttonText: "Login with OAuth",
    clientId: "",
    clientSecret: "",
    tokenEndpointAuthMethod: "client_secret_post",
    timeout: 30000,
    defaultStorageQuota: null,
    enabled: false,
    issuerUrl: "",
    mobileOverrideEnabled: false,
    mobileRedirectUri: "",
    scope: "openid email profile",
    signingAlgorithm: "RS256",
    profileSigningAlgorithm: "none",
    storageLabelClaim: "preferred_username",
    storageQuotaClaim: "immich_quota",
    roleClaim: "immich_role",
    prompt: "",
    endSessionEndpoint: "",
    allowInsecureRequests: false,
    accountManagementUrl: "",
  },
  passwordLogin: { enabled: true },
  reverseGeocoding: { enabled: true },
  metadata: { faces: { import: false } },
  storageTemplate: {
    enabled: false,
    hashVerificationEnabled: true,
    template: "{{y}}/{{y}}-{{MM}}-{{dd}}/{{filename}}",
  },
  job: {
    thumbnailGeneration: { concurrency: 3 },
    metadataExtraction: { concurrency: 5 },
    videoConversion: { concurrency: 1 },
    smartSearch: { concurrency: 2 },
    migration: { concurrency: 5 },
    backgroundTask: { concurrency: 5 },
    search: { concurrency: 5 },
    faceDetection: { concurrency: 2 },
    sidecar: { concurrency: 5 },
    library: { concurrency: 5 },
    notifications: { concurrency: 5 },
  },
  image: {
    thumbnail: { format: "webp", quality: 80, size: 250 },
    preview: { format: "jpeg", quality: 80, size: 1440 },
    fullsize: { enabled: false, format: "jpeg", quality: 80 },
    colorspace: "p3",
    extractEmbedded: false,
  },
  trash: { enabled: true, days: 30 },
  theme: { customCss: "" },
  library: { scan: { enabled: true, cronExpression: "0 0 * * *" }, watch: { enabled: false } },
  notifications: {
    smtp: {
      enabled: false,
      from: "",
      replyTo: "",
      transport: { ignoreCert: false, host: "", port: 587, username: "", password: "" },
    },
  },
  templates: { email: { albumInviteTemplate: "", welcomeTemplate: "", albumUpdateTemplate: "" } },
  server: { externalDomain: "", loginPageMessage: "", publicUsers: true },
  user: { deleteDelay: 7 },
};
