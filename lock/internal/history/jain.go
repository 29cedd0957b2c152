package history

// Jain returns Jain's fairness index of the shares: 1 if all are equal, 1/n if one
// of n has everything, and 0 for no shares.
func Jain(shares []float64) float64 {
	var sum, squares float64
	for _, s := range shares {
		sum += s
		squares += s * s
	}
	if squares == 0 {
		return 0
	}
	return sum * sum / (float64(len(shares)) * squares)
}
