// For tests: an HTTP server on 127.0.0.1 that serves one file well, or in the ways servers fail.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "figment/core/testing_variable.h"

namespace figment::testing {

// argv: folder to serve, where `requests` is written: one line "path range" for each.
// GET /<way>/<file>: the way is one of good, norange, cut, crumbs, wrong, long, endless, missing,
// busy, stall, slow, redirect, shifted.
inline constexpr char kServer[] = R"py(
import http.server, os, sys, threading, time
folder = sys.argv[1]
cut_once = set()

class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_): pass

    def do_GET(self):
        _, way, name = self.path.split("/", 2)
        asked = self.headers.get("Range")
        with open(os.path.join(folder, "requests"), "a") as log:
            log.write(f"{self.path} {asked or '-'}\n")
        if way in ("missing", "busy"):
            return self.send_error(404 if way == "missing" else 503)
        body = open(os.path.join(folder, name), "rb").read()
        if way == "redirect":
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/good/{name}")
            return self.end_headers()
        if way == "wrong":
            body = body[:-1] + bytes([body[-1] ^ 1])
        if way == "long":
            body += b"more"
        start = 0
        if asked and way != "norange":
            start = int(asked.split("=")[1].split("-")[0])
            if start >= len(body):
                return self.send_error(416)
            if way == "shifted":
                start = max(0, start - 7)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        if way != "endless":
            self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        self.send(way, body[start:])

    def send(self, way, body):
        try:
            if way == "cut" and self.path not in cut_once:
                cut_once.add(self.path)
                body = body[:len(body) // 2]
            elif way == "crumbs":
                body = body[:70000]
            elif way == "endless":
                for _ in range(1000): self.wfile.write(body)
            elif way == "stall":
                self.wfile.write(body[:100]); self.wfile.flush(); time.sleep(30)
            elif way == "slow":
                step = max(1, len(body) // 20)
                for at in range(0, len(body), step):
                    self.wfile.write(body[at:at + step]); self.wfile.flush(); time.sleep(0.05)
                return
            self.wfile.write(body)
        except OSError:
            pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()  # until the test closes the pipe or dies
)py";

// Ends with its life; a server whose test died ends too, since its input closes.
class Server {
 public:
  explicit Server(const std::filesystem::path& folder) : folder_(folder) {
    int to_server[2] = {-1, -1};
    int from_server[2] = {-1, -1};
    if (::pipe2(to_server, O_CLOEXEC) != 0 || ::pipe2(from_server, O_CLOEXEC) != 0) std::abort();
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(to_server[0], 0);
      ::dup2(from_server[1], 1);
      ::execl("/usr/bin/python3", "python3", "-c", kServer, folder.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(to_server[0]);
    ::close(from_server[1]);
    input_ = to_server[1];
    std::string line;
    for (char c = 0; ::read(from_server[0], &c, 1) == 1 && c != '\n';) line += c;
    ::close(from_server[0]);
    port_ = std::atoi(line.c_str());
    EXPECT_GT(port_, 0) << "/usr/bin/python3 did not serve";
  }
  ~Server() {
    ::close(input_);
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::string url(const std::string& way, const std::string& file) const {
    return "http://127.0.0.1:" + std::to_string(port_) + "/" + way + "/" + file;
  }
  // "/good/file -", "/cut/file bytes=500-", in the order of arrival.
  std::vector<std::string> requests() const {
    std::ifstream in(folder_ / "requests");
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }

 private:
  std::filesystem::path folder_;
  pid_t child_ = -1;
  int input_ = -1;
  int port_ = 0;
};

// A folder that goes with its owner.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "figment_XXXXXX").string();
    if (!::mkdtemp(name.data())) std::abort();
    path_ = name;
  }
  ~Folder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void put(const std::filesystem::path& file, const std::string& bytes) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << bytes;
}

// Output of a command, without its last line break.
inline std::string output_of(const std::string& command) {
  FILE* pipe = ::popen(command.c_str(), "r");
  std::string text;
  for (int c = pipe ? std::fgetc(pipe) : EOF; c != EOF; c = std::fgetc(pipe)) text += char(c);
  EXPECT_TRUE(pipe && ::pclose(pipe) == 0) << command;
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace figment::testing
