#include "figment/data/catalogue.h"

namespace figment {
namespace {

// The addresses of one file under several roots.
std::vector<std::string> under(const std::vector<std::string>& roots, const std::string& file) {
  std::vector<std::string> urls;
  urls.reserve(roots.size());
  for (const std::string& root : roots) urls.push_back(root + file);
  return urls;
}

// The four files in which MNIST and its successors come.
std::vector<CatalogueFile> idx_files(const std::vector<std::string>& roots,
                                     std::vector<CatalogueFile> files) {
  for (CatalogueFile& file : files) file.urls = under(roots, file.name);
  return files;
}

// Sizes and SHA-256 of all sets are those of
// tensorflow_datasets/url_checksums/{mnist,fashion_mnist, kmnist,cifar10}.txt in
// github.com/tensorflow/datasets. Those of MNIST were also computed from a copy of the files.

CatalogueEntry mnist() {
  return {"mnist", "MNIST: handwritten digits, 60,000 + 10,000 grey images 28x28",
          "Y. LeCun, C. Cortes, C. Burges, 1998; CC BY-SA 3.0",
          idx_files({"https://ossci-datasets.s3.amazonaws.com/mnist/",
                     "https://storage.googleapis.com/cvdf-datasets/mnist/"},
                    {{"train-images-idx3-ubyte.gz", 9912422,
                      "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
                     {"train-labels-idx1-ubyte.gz", 28881,
                      "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
                     {"t10k-images-idx3-ubyte.gz", 1648877,
                      "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
                     {"t10k-labels-idx1-ubyte.gz", 4542,
                      "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"}})};
}

CatalogueEntry fashion_mnist() {
  return {"fashion-mnist", "Fashion-MNIST: articles of clothing, 60,000 + 10,000 grey images 28x28",
          "H. Xiao, K. Rasul, R. Vollgraf (Zalando Research), 2017; MIT",
          // The bucket's website endpoint, which its authors name, speaks no https; this one does.
          idx_files({"https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
                     "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/"
                     "fashion/"},
                    {{"train-images-idx3-ubyte.gz", 26421880,
                      "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
                     {"train-labels-idx1-ubyte.gz", 29515,
                      "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
                     {"t10k-images-idx3-ubyte.gz", 4422102,
                      "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
                     {"t10k-labels-idx1-ubyte.gz", 5148,
                      "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"}})};
}

CatalogueEntry kmnist() {
  return {"kmnist",
          "Kuzushiji-MNIST: cursive Japanese characters, 60,000 + 10,000 grey images 28x28",
          "T. Clanuwat et al. (ROIS-DS Center for Open Data in the Humanities), 2018; CC BY-SA 4.0",
          idx_files({"https://codh.rois.ac.jp/kmnist/dataset/kmnist/"},
                    {{"train-images-idx3-ubyte.gz", 18165135,
                      "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"},
                     {"train-labels-idx1-ubyte.gz", 29497,
                      "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"},
                     {"t10k-images-idx3-ubyte.gz", 3041136,
                      "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"},
                     {"t10k-labels-idx1-ubyte.gz", 5120,
                      "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"}})};
}

CatalogueEntry cifar10() {
  constexpr std::uint64_t kBatch =
      std::uint64_t{10000} * 3073;  // records of a label and 3x32x32 bytes
  return {"cifar10",
          "CIFAR-10: photographs of 10 classes, 50,000 + 10,000 colour images 32x32",
          "A. Krizhevsky, 2009; no licence stated, cite the technical report",
          {{"cifar-10-binary.tar.gz",
            170052171,
            "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            {"https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
             "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/"
             "cifar-10-binary.tar.gz"}}},
          {{"batches.meta.txt", 0},
           {"data_batch_1.bin", kBatch},
           {"data_batch_2.bin", kBatch},
           {"data_batch_3.bin", kBatch},
           {"data_batch_4.bin", kBatch},
           {"data_batch_5.bin", kBatch},
           {"test_batch.bin", kBatch}}};
}

}  // namespace

std::uint64_t CatalogueEntry::bytes() const {
  std::uint64_t sum = 0;
  for (const CatalogueFile& file : files) sum += file.size;
  return sum;
}

std::vector<std::string> CatalogueEntry::contents() const {
  std::vector<std::string> names;
  for (const ArchiveMember& member : members) names.push_back(member.name);
  if (!names.empty()) return names;
  for (const CatalogueFile& file : files) names.push_back(file.name);
  return names;
}

const std::vector<CatalogueEntry>& catalogue() {
  static const std::vector<CatalogueEntry> entries{mnist(), fashion_mnist(), kmnist(), cifar10()};
  return entries;
}

}  // namespace figment
