#include "figment/data/transfer.h"

#include <curl/curl.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>

#include "figment/core/error.h"
#include "figment/core/text.h"

namespace figment {
namespace {

// What the callbacks of one request share.
struct Request {
  const Download& job;
  CURL* curl;
  int descriptor;
  std::uint64_t offset;     // first byte asked for
  std::uint64_t at = 0;     // bytes in the file
  std::uint64_t total = 0;  // bytes of the whole file, 0 if not known
  bool begun = false;       // the first byte of the body has come
  bool has_range = false;   // Content-Range of the answer, and where it begins
  std::uint64_t range_start = 0;
  TransferResult verdict{};  // filled where we, not libcurl, stop the transfer
  int write_errno = 0;
  bool interrupted = false;
  std::exception_ptr thrown{};  // C frames must not be unwound: kept, and thrown again after them
};

std::uint64_t cap(const Download& job) { return job.size ? job.size : job.limit; }

std::size_t on_header(char* text, std::size_t, std::size_t length, void* user) {
  auto& request = *static_cast<Request*>(user);
  std::string line(text, length);
  for (char& c : line) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  unsigned long long start = 0;
  if (line.compare(0, 5, "http/") == 0)
    request.has_range = false;  // a new answer, after a redirect
  if (std::sscanf(line.c_str(), "content-range: bytes %19llu-", &start) == 1) {
    request.has_range = true;
    request.range_start = start;
  }
  return length;
}

// Decides by the answer's head where its body goes. False: the transfer must stop.
bool begin_body(Request& request) {
  request.begun = true;
  long status = 0;
  curl_easy_getinfo(request.curl, CURLINFO_RESPONSE_CODE, &status);
  if (request.offset > 0 && status == 206) {
    if (!request.has_range || request.range_start != request.offset) {
      request.verdict.restart = true;
      request.verdict.reason = "the server sent another range than asked for";
      return false;
    }
  } else if (request.offset > 0) {  // Range ignored: the whole file comes
    if (::ftruncate(request.descriptor, 0) != 0) {
      request.write_errno = errno;
      return false;
    }
    request.at = 0;
  }
  curl_off_t length = -1;
  curl_easy_getinfo(request.curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  if (length > 0) request.total = request.at + static_cast<std::uint64_t>(length);
  return true;
}

bool append(Request& request, const char* bytes, std::size_t count) {
  while (count > 0) {
    const ssize_t written =
        ::pwrite(request.descriptor, bytes, count, static_cast<off_t>(request.at));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      request.write_errno = written < 0 ? errno : EIO;
      return false;
    }
    request.at += static_cast<std::uint64_t>(written);
    bytes += written;
    count -= static_cast<std::size_t>(written);
  }
  return true;
}

std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* user) {
  auto& request = *static_cast<Request*>(user);
  const std::size_t stop = count == 0 ? 1 : 0;  // any number but `count` ends the transfer
  if (!request.begun && !begin_body(request)) return stop;
  const std::uint64_t limit = cap(request.job);
  if (request.total > limit || count > limit - request.at) {
    request.verdict.hopeless = request.offset == 0;
    request.verdict.restart = true;
    request.verdict.reason = "the server sends more than the " + std::to_string(limit) +
                             (request.job.size ? " bytes this file has" : " bytes allowed");
    return stop;
  }
  return append(request, bytes, count) ? count : stop;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& request = *static_cast<Request*>(user);
  try {
    if (request.job.interrupted && request.job.interrupted()) {
      request.interrupted = true;
      return 1;
    }
    if (request.job.progress) {
      request.job.progress(request.at, request.job.size ? request.job.size : request.total);
    }
  } catch (...) {
    request.thrown = std::current_exception();
    return 1;
  }
  return 0;
}

// https alone, for redirects too. Older libcurl knows only the numeric options.
void restrict_protocols(CURL* curl, bool local_http) {
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, local_http ? "http,https" : "https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
#else
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS,
                   local_http ? CURLPROTO_HTTP | CURLPROTO_HTTPS : CURLPROTO_HTTPS);
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, CURLPROTO_HTTPS);
#endif
  if (local_http) curl_easy_setopt(curl, CURLOPT_PROXY, "");
}

void set_options(Request& request, const std::string& url, char* error_text) {
  CURL* curl = request.curl;
  const Download& job = request.job;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  restrict_protocols(curl, job.allow_local_http);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_text);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "figment");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);  // a library takes no SIGALRM
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, job.connect_timeout);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1024L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, job.stall_timeout);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &request);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &request);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &request);
  // CURLOPT_RESUME_FROM would make libcurl give up on servers that ignore Range.
  const std::string range = std::to_string(request.offset) + "-";
  if (request.offset > 0) curl_easy_setopt(curl, CURLOPT_RANGE, range.c_str());
}

TransferResult judge(const Request& request, CURLcode code, const char* error_text) {
  TransferResult result = request.verdict;
  if (!result.reason.empty()) return result;
  if (code == CURLE_OK) {
    result.complete = true;
    return result;
  }
  long status = 0;
  curl_easy_getinfo(request.curl, CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_HTTP_RETURNED_ERROR) {
    result.reason = "HTTP " + std::to_string(status);
    result.restart = status == 416;
    result.hopeless =
        status >= 400 && status < 500 && status != 408 && status != 416 && status != 429;
    return result;
  }
  result.hopeless = code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT ||
                    code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_TOO_MANY_REDIRECTS;
  result.reason = printable(*error_text ? error_text : curl_easy_strerror(code), 200);
  return result;
}

}  // namespace

TransferResult transfer(const Download& job, const std::string& url, int descriptor,
                        std::uint64_t offset, const std::string& file) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
  if (ready != CURLE_OK || !curl) fail(Cause::kRun, "libcurl", "could not be initialised");

  Request request{job, curl.get(), descriptor, offset, offset};
  char error_text[CURL_ERROR_SIZE] = "";
  set_options(request, url, error_text);
  const CURLcode code = curl_easy_perform(curl.get());

  if (request.thrown) std::rethrow_exception(request.thrown);
  if (request.interrupted) {
    fail(Cause::kRun, file, "download interrupted after ", human_bytes(double(request.at)),
         "; the next start goes on from there");
  }
  if (request.write_errno != 0) {
    fail(Cause::kIo, file, "could not be written: ", std::strerror(request.write_errno));
  }
  return judge(request, code, error_text);
}

}  // namespace figment
