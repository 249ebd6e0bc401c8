#!/usr/bin/env bash
# Starts what its own name says (voxomics, demo, bench, kernel-tests) with the Node, Dawn and Vulkan loader beside it.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
paths=${LD_LIBRARY_PATH:-}
folders="/usr/lib64 /usr/lib/x86_64-linux-gnu /usr/local/nvidia/lib64 /usr/lib64/nvidia /usr/lib/nvidia /usr/lib"

# Prints the path of a shared library that the system has.
find_library() {
  local found
  found=$({ ldconfig -p || /sbin/ldconfig -p; } 2>/dev/null | awk -v name="$1" '$1 == name && /x86-64/ { print $NF; exit }')
  if [ -n "$found" ]; then echo "$found"; return; fi
  local folder
  for folder in ${paths//:/ } $folders; do
    if [ -e "$folder/$1" ]; then echo "$folder/$1"; return; fi
  done
}

# The system's Vulkan loader knows the system's drivers best; the one of this archive is for hosts without any.
if [ -z "$(find_library libvulkan.so.1)" ]; then
  export LD_LIBRARY_PATH="$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
fi

# Dawn needs the C++ library of GCC 12; RHEL 9 has GCC 11's, but often a newer one in a compiler module or in conda.
cxx_symbol=GLIBCXX_3.4.30
if ! grep -q "$cxx_symbol" "$(find_library libstdc++.so.6)" 2>/dev/null; then
  newer=
  for folder in ${paths//:/ } "${CONDA_PREFIX:-/nonexistent}/lib" "$(dirname "$(gcc -print-file-name=libstdc++.so.6 2>/dev/null || echo /nonexistent/x)")"; do
    if grep -q "$cxx_symbol" "$folder/libstdc++.so.6" 2>/dev/null; then newer=$folder; break; fi
  done
  if [ -z "$newer" ]; then
    echo "Dawn needs libstdc++ with $cxx_symbol (GCC 12 or newer), which this system lacks." >&2
    echo "Try: module load gcc/12 (or newer), or conda install -c conda-forge libstdcxx-ng, then repeat." >&2
  else
    export LD_LIBRARY_PATH="$newer${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  fi
fi

# Containers and cluster nodes often have NVIDIA's driver without the file that tells Vulkan about it.
nvidia_driver_file() {
  local file
  for file in /etc/vulkan/icd.d /usr/share/vulkan/icd.d /usr/local/share/vulkan/icd.d; do
    compgen -G "$file/*nvidia*.json" >/dev/null && return
  done
  file=/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json
  local library name
  for name in libGLX_nvidia.so.0 libEGL_nvidia.so.0; do
    library=$(find_library $name)
    # The GLX library needs X11's, which a node without a display lacks; the EGL library does the same without them.
    if [ -z "$library" ] || ldd "$library" 2>/dev/null | grep -q 'not found'; then continue; fi
    if [ -e "$file" ] && [ $name = libGLX_nvidia.so.0 ]; then echo "$file"; return; fi
    # Kept per host, since nodes of a cluster share the home folder but not the driver.
    file=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/voxomics/$(uname -n)
    mkdir -p "$file" 2>/dev/null || file=$(mktemp -d)
    printf '{"file_format_version": "1.0.0", "ICD": {"library_path": "%s", "api_version": "1.3.0"}}\n' "$library" \
      >"$file/nvidia_icd.json"
    echo "$file/nvidia_icd.json"
    return
  done
}

if [ -z "${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-}" ] && [ -e /dev/nvidiactl ]; then
  file=$(nvidia_driver_file)
  # The second name is the one that loaders before 1.3.207 read.
  if [ -n "$file" ]; then export VK_DRIVER_FILES=$file VK_ICD_FILENAMES=$file; fi
fi

export PATH="$here/lib:$PATH"
case $(basename "$0") in
  voxomics) exec "$here/lib/node" --max-semi-space-size=2 "$here/dist/node/cli.js" "$@" ;;
  demo) exec "$here/lib/node" --max-semi-space-size=2 "$here/dist/node/demo.js" "$@" ;;
  bench) exec "$here/lib/node" --max-semi-space-size=2 "$here/dist/node/bench.js" "$@" ;;
  kernel-tests)
    cd "$here"
    # What needs more than a GPU (image readers, a browser, the checkout's own scripts) stays at home.
    # Their own arguments come first: behind an --exclude the names of tests would be taken for more of it.
    exec "$here/lib/node" node_modules/vitest/vitest.mjs run "$@" --configLoader runner \
      --exclude 'test/host/**' --exclude 'test/web/**' --exclude 'test/scripts/**'
    ;;
  *) echo "unknown program: $0" >&2; exit 2 ;;
esac
