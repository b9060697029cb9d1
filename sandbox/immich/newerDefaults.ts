/** Settings beside `oauth` that came after 1.135.3, by the version that brought them. */
import { type JsonObject, merge } from "./merge";
import { atLeast, type Version } from "./versions";

/**
 * `defaults` with what `version` has beyond 1.135.3. A program that saves the settings by Immich's API has to send
 * them all back: Immich refuses a document that lacks one.
 */
export function withNewer(version: Version, defaults: JsonObject): JsonObject {
  return NEWER.filter(([since]) => atLeast(version, since)).reduce(
    (all, [, added]) => merge(all, added),
    defaults,
  );
}

// The versions are those of the first published SDK that has them; the values those of Immich's sources.
const NEWER: readonly (readonly [since: string, added: JsonObject])[] = [
  [
    "1.138.0",
    {
      nightlyTasks: {
        startTime: "00:00",
        databaseCleanup: true,
        missingThumbnails: true,
        clusterNewFaces: true,
        generateMemories: true,
        syncQuotaUsage: true,
      },
    },
  ],
  [
    "2.7.5",
    {
      job: {
        ocr: { concurrency: 1 },
        workflow: { concurrency: 5 },
        editor: { concurrency: 2 },
      },
      image: {
        thumbnail: { progressive: false },
        preview: { progressive: false },
        fullsize: { progressive: false },
      },
      machineLearning: {
        availabilityChecks: { enabled: true, timeout: 2000, interval: 30_000 },
        ocr: {
          enabled: true,
          modelName: "PP-OCRv5_mobile",
          minDetectionScore: 0.5,
          minRecognitionScore: 0.8,
          maxResolution: 736,
        },
      },
      notifications: { smtp: { transport: { secure: false } } },
    },
  ],
  [
    "3.0.0",
    {
      ffmpeg: { realtime: { enabled: false } },
      integrityChecks: {
        missingFiles: { enabled: true, cronExpression: "0 03 * * *" },
        untrackedFiles: { enabled: true, cronExpression: "0 03 * * *" },
        checksumFiles: {
          enabled: true,
          cronExpression: "0 03 * * *",
          timeLimit: 3_600_000,
          percentageLimit: 1,
        },
      },
      job: { integrityCheck: { concurrency: 1 } },
      newVersionCheck: { channel: "stable" },
    },
  ],
  [
    "3.1.0",
    { ffmpeg: { realtime: { videoCodecs: ["h264", "hevc"], resolutions: [480, 720, 1080] } } },
  ],
];
