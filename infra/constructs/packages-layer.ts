/** The npm packages that pipelines import, with all that those need, as a layer: as they are installed in the project. */
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { Architecture, Code, LayerVersion, Runtime } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";

/** Of a function with its layers, unzipped. */
const LAYER_BYTES_MAX = 250 * 1024 * 1024;
/** Packages that a refusal names. */
const LARGEST_TOLD = 3;

interface PackageJson {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
}

export interface PackagesLayerProps {
  readonly projectRoot: string;
  /** `name@version`. */
  readonly packages: readonly string[];
  readonly architecture: Architecture;
  readonly out: string;
}

/** Undefined if the pipelines import none. Throws where one is not installed for the functions' processor. */
export function packagesLayer(scope: Construct, id: string, props: PackagesLayerProps): LayerVersion | undefined {
  const { projectRoot, packages, architecture, out } = props;
  if (packages.length === 0) return undefined;
  const folder = join(out, "layer");
  rmSync(folder, { recursive: true, force: true });
  copyPackages({ projectRoot, packages, architecture, to: join(folder, "nodejs") });
  refuseTooLarge(join(folder, "nodejs", "node_modules"));
  return new LayerVersion(scope, id, {
    code: Code.fromAsset(folder),
    description: `npm packages of the pipelines: ${packages.join(", ")}`.slice(0, 256),
    compatibleRuntimes: [Runtime.NODEJS_24_X],
    compatibleArchitectures: [architecture],
  });
}

/** Copies the packages, with all that they need, below `to/node_modules`. Throws as `packagesLayer` does. */
export function copyPackages({
  projectRoot,
  packages,
  architecture,
  to,
}: Omit<PackagesLayerProps, "out"> & { readonly to: string }): void {
  const cpu = architecture === Architecture.ARM_64 ? "arm64" : "x64";
  const copied = new Set<string>();
  for (const name of packages) copyPackage(packageName(name), projectRoot, to, cpu, copied);
}

const packageName = (versioned: string): string => versioned.slice(0, versioned.lastIndexOf("@"));

function copyPackage(name: string, from: string, to: string, cpu: string, copied: Set<string>): void {
  const source = installed(name, from);
  if (source === undefined) {
    throw new Error(`package '${name}', which the pipelines import, is not installed: npm install ${name}`);
  }
  if (copied.has(source)) return;
  copied.add(source);
  const { dependencies = {}, optionalDependencies = {} } = manifestOf(source);
  // Flat, as npm lays them out; a second version of a package lies below the one that needs it, and goes along with that.
  const target = join(to, "node_modules", name);
  if (!existsSync(target)) {
    mkdirSync(dirname(target), { recursive: true });
    cpSync(source, target, { recursive: true, dereference: true });
  }
  for (const dependency of Object.keys(dependencies)) copyPackage(dependency, source, to, cpu, copied);
  const optional = Object.keys(optionalDependencies);
  const fitting = optional.filter((dependency) => fits(dependency, cpu));
  for (const dependency of fitting) {
    if (installed(dependency, source) === undefined) throw notInstalled(name, dependency, cpu);
    copyPackage(dependency, source, to, cpu, copied);
  }
}

/** Packages of one platform are named after it: only those of Amazon Linux's matter. */
function fits(name: string, cpu: string): boolean {
  return name.includes("linux") && name.includes(cpu) && !name.includes("musl");
}

function notInstalled(name: string, dependency: string, cpu: string): Error {
  const command = `npm install --no-save --force --os=linux --cpu=${cpu} --libc=glibc ${name}`;
  return new Error(
    `package '${name}' has a part for Linux on ${cpu}, '${dependency}', which is not installed here: run \`${command}\`, or ` +
      "deploy for the processor of this machine (`architecture` in infra/environments.ts)",
  );
}

/** Lambda would say so only at the end of a deployment. */
function refuseTooLarge(folder: string): void {
  const sizes = [...sizesOf(folder)].toSorted(([, a], [, b]) => b - a);
  const total = sizes.reduce((sum, [, bytes]) => sum + bytes, 0);
  if (total <= LAYER_BYTES_MAX) return;
  const mb = (bytes: number): string => `${Math.ceil(bytes / 1024 ** 2)} MB`;
  const largest = sizes.slice(0, LARGEST_TOLD).map(([name, bytes]) => `${name} ${mb(bytes)}`);
  throw new Error(
    `the npm packages of the pipelines take ${mb(total)}, a function on Lambda ${mb(LAYER_BYTES_MAX)}: the largest are ` +
      `${largest.join(", ")}; do without one of them, or split the deployment`,
  );
}

/** Bytes below each package, by its name. */
function sizesOf(folder: string): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const [scope = "", name = ""] = relative(folder, path).split(sep);
    const packageOf = scope.startsWith("@") ? `${scope}/${name}` : scope;
    sizes.set(packageOf, (sizes.get(packageOf) ?? 0) + statSync(path).size);
  }
  return sizes;
}

/** The folder of a package as Node would find it from another one. */
function installed(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return candidate;
    if (dirname(folder) === folder) return undefined;
  }
}

const manifestOf = (folder: string): PackageJson =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as PackageJson;
