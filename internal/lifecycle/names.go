package lifecycle

import (
	"slices"
	"strings"
)

// Names of events that the life-cycle reads, each in the spellings that senders
// use: "Order Completed" is also "order_completed" and "orderCompleted".
func orderNames() []string {
	return spelled("Order Completed", "Order Placed", "Order Paid", "Receipt Issued", "Purchase", "Purchased", "Purchase Completed")
}

func cancelNames() []string {
	return spelled("Order Cancelled", "Order Canceled", "Order Voided")
}

func inviteNames() []string {
	return spelled("Referral Sent", "Referral Completed", "Friend Referred", "Friend Invited", "Invite Sent", "Invitation Sent")
}

func answerNames() []string {
	return spelled("Survey Answered", "Survey Completed", "NPS Answered", "NPS Submitted")
}

func reviewNames() []string {
	return spelled("Review Posted", "Review Submitted", "Product Reviewed", "Product Rated")
}

// spelled writes names in every usual way, in order and each once.
func spelled(names ...string) []string {
	var out []string
	for _, name := range names {
		words := strings.Fields(name)
		low := strings.ToLower(name)
		pascal := strings.Join(words, "")
		out = append(out, name, low, strings.ToUpper(low[:1])+low[1:], pascal, strings.ToLower(pascal[:1])+pascal[1:],
			strings.ReplaceAll(low, " ", "_"), strings.ReplaceAll(low, " ", "-"))
	}
	slices.Sort(out)
	return slices.Compact(out)
}
