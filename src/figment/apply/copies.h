// Is what a model makes copied from its training examples? The distance of its samples to their
// nearest training examples, held against that of real examples it never saw.
#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "figment/apply/open_run.h"
#include "figment/eval/nearest.h"

namespace figment {

// The share of held-out examples, such as 0.01, that lie as near as what is called near here.
inline constexpr double kNearShare = 0.01;

// How near queries lie to their nearest reference. Half of the held-out examples say what is near,
// the other half what share of real examples is nearer by chance.
struct NearnessJudgement {
  // Share of the queries that are nearer to a reference than 99 % of held-out examples are, and of
  // the other held-out examples. The first far above the second says: copied, or so smooth that all
  // is near.
  double nearer = 0, held_out_nearer = 0;
  // The same by the distance of the nearest over that of the next: a copy has one example nearest
  // by far, what is merely smooth is about as near to several.
  double singular = 0, held_out_singular = 0;
  double median = 0, held_out_median = 0;  // of the distance to the nearest
};

struct Nearness {
  Neighbours neighbours;  // of the queries, k of them each
  // [queries] double: the share of held-out examples that are nearer to a reference than it is.
  torch::Tensor rank;
  NearnessJudgement judgement;
};

// References [n, d], n >= 2; queries [m, d]; held out [h, d], h >= 2; float32 on the CPU. k is cut
// to n. `own` [m] int64: which of the references each query is itself, and so none of its
// neighbours (n >= 3); undefined where they are others.
Nearness judge_nearness(const torch::Tensor& references, const torch::Tensor& queries,
                        const torch::Tensor& held_out, int64_t k, const torch::Tensor& own = {});

}  // namespace figment
